// SlabWorld: who pays, and what is charged in advance.
#include "fuzzers/targets/slab_world.h"

namespace anyctx::target {

using engine::Outcome;

/// Nobody ends a group while one of its tasks, or somebody on its behalf, asks for memory.
Outcome SlabWorld::replace_payer(unsigned group) {
  if (!memcg_.is_on() || !ledger_.alone()) return {Outcome::Kind::vacuous};
  ledger_.begin_call();
  const bool replaced = subject_->replace_payer(group);
  ledger_.end_call();
  return {replaced ? Outcome::Kind::done : Outcome::Kind::vacuous};
}

Outcome SlabWorld::drain_stock() {
  if (!memcg_.is_on()) return {Outcome::Kind::vacuous};
  ledger_.begin_call();
  subject_->drain_stock();
  ledger_.end_call();
  return {};
}

/// After everything was given back.
void SlabWorld::end_accounting() {
  memcg_audit_.run(subject_->memcg());
  memcg_.recount();
  subject_->end_accounting();
  memcg_.check_nothing_left();
}

}  // namespace anyctx::target
