#include "fuzzers/targets/slab_world.h"

#include <fmt/format.h>

#include "fuzzers/engine/target.h"
#include "fuzzers/targets/slab_caller.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::LaneKind;
using inject::VerdictKind;

namespace {

SlabOptions options_of(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kSlabSchema, program, name);
  };
  SlabOptions options;
  options.page_count = value("pages");
  options.page_shift = value("page_size") != 0 ? kMostPageShift : 12;
  options.nodes = value("nodes");
  options.encoded_freelist = value("encoded") != 0;
  options.min_align = 8u << value("min_align");
  options.debug = CacheDebug::of(value("debug"));
  options.memcg_pages = value("memcg");
  options.memcg_slots = value("memcg_slots");
  options.without_cas2 = static_cast<WithoutCas2>(value("without_cas2"));
  options.sheaves = value("design") == 1;
  options.barn_limit = value("barn");
  options.boot_sheaves = value("boot_sheaves") != 0;
  return options;
}

}  // namespace

SlabWorld::SlabWorld(inject::Simulation& simulation, std::unique_ptr<SlabSubject> subject)
    : simulation_(simulation),
      subject_(std::move(subject)),
      inspector_(subject_->inspector()),
      ledger_(simulation, inspector_),
      damage_(simulation, inspector_),
      deferral_(simulation, inspector_),
      judge_(simulation, inspector_, ledger_, caches_, damage_),
      audit_(simulation, inspector_, ledger_, caches_, damage_),
      memcg_(simulation, inspector_, ledger_, caches_),
      memcg_audit_(simulation, inspector_, ledger_) {}

void SlabWorld::setup(const program::Program& program) {
  options_ = options_of(program);
  subject_->reset(options_);
  ledger_.reset();
  caches_.reset();
  damage_.reset();
  deferral_.reset();
  strictness_ = subject_->strictness();
  judge_.reset(options_, strictness_);
  memcg_.reset(subject_->memcg());
  open_ = true;
}

Outcome SlabWorld::perform(const program::Op& op, Lane lane) {
  if (!open_) return {Outcome::Kind::vacuous};
  const bool any_context = kSlabSchema.ops[op.code].lanes == program::kAnyContext;
  // On RT, what may spin may sleep.
  if (!any_context && simulation_.config().rt && lane.kind != LaneKind::task) {
    return {Outcome::Kind::vacuous};
  }
  const Outcome outcome = dispatch(op, lane);
  deferral_.check_processed(lane);
  memcg_.recount();
  return outcome;
}

Outcome SlabWorld::dispatch(const program::Op& op, Lane lane) {
  const Args& args = op.args;
  switch (static_cast<SlabOp>(op.code)) {
    case SlabOp::kmalloc:
      return kmalloc(args, op.result, lane);
    case SlabOp::kfree:
      return free(args[0], Freer::kfree);
    case SlabOp::kmalloc_nolock: {
      const Caller caller(args[1] >> kNolockAllocFlags);
      return kmalloc_nolock(args, op.result);
    }
    case SlabOp::kfree_nolock: {
      const Caller caller(args[1]);
      return free(args[0], Freer::kfree_nolock);
    }
    case SlabOp::ksize:
      return ksize(args[0]);
    case SlabOp::kmem_cache_create:
      return kmem_cache_create(args);
    case SlabOp::kmem_cache_alloc:
      return kmem_cache_alloc(args, op.result, lane);
    case SlabOp::kmem_cache_free:
      return free(args[0], Freer::kmem_cache_free);
    case SlabOp::kmem_cache_shrink:
      return kmem_cache_shrink(args[0]);
    case SlabOp::kmem_cache_destroy:
      return kmem_cache_destroy(args[0]);
    case SlabOp::deferred_work_barrier:
      return barrier();
    case SlabOp::double_free:
      return double_free(args[0]);
    case SlabOp::write_after_free:
      return write_after_free(args[0], args[1]);
    case SlabOp::write_past_end:
      return write_past_end(args[0]);
    case SlabOp::wrong_free:
      return wrong_free(args[0]);
    case SlabOp::alloc_pages:
      return alloc_pages(args, op.result, lane, false);
    case SlabOp::free_pages:
      return free(args[0], Freer::free_pages);
    case SlabOp::alloc_pages_nolock:
      return alloc_pages(args, op.result, lane, true);
    case SlabOp::free_pages_nolock:
      return free(args[0], Freer::free_pages_nolock);
    case SlabOp::drain_pcp:
      return drain([this] { subject_->drain_pcp(); });
    case SlabOp::drain_parked:
      return drain([this] { subject_->drain_parked(); });
    case SlabOp::shrink_bucket:
      return shrink_bucket(args[0]);
    case SlabOp::replace_payer:
      return replace_payer(args[0]);
    case SlabOp::drain_stock:
      return drain_stock();
    case SlabOp::kmem_cache_alloc_nolock: {
      const Caller caller(args[1] >> kNolockAllocFlags);
      return kmem_cache_alloc_nolock(args, op.result);
    }
    case SlabOp::kmem_cache_free_nolock: {
      const Caller caller(args[1]);
      return free(args[0], Freer::kmem_cache_free_nolock);
    }
    case SlabOp::kmem_cache_prefill_sheaf:
      return prefill_sheaf(args, op.result, lane);
    case SlabOp::kmem_cache_alloc_from_sheaf:
      return alloc_from_sheaf(args, op.result, lane);
    case SlabOp::kmem_cache_refill_sheaf:
      return refill_sheaf(args, lane);
    case SlabOp::kmem_cache_return_sheaf:
      return return_sheaf(args[0]);
  }
  return {Outcome::Kind::vacuous};
}

template <class F>
Outcome SlabWorld::drain(F f) {
  ledger_.begin_call();
  f();
  ledger_.end_call();
  return {};
}

bool SlabWorld::may_free(const SlabObject& object, Freer freer) const {
  const bool is_large = object.origin == Origin::large && freer == Freer::kfree_nolock;
  return model::may_free(object.origin, freer) && (!is_large || strictness_.nolock_takes_large);
}

/// An operation that nobody interfered with and that never waits is short.
void SlabWorld::check_steps(std::uint32_t most) const {
  most *= simulation_.config().step_scale;
  if (simulation_.disturbed() || simulation_.steps() <= most) return;
  simulation_.stop(VerdictKind::no_progress, "a nolock operation takes few steps of its own",
                   fmt::format("at most {}", most), fmt::format("{}", simulation_.steps()));
}

void SlabWorld::finish() {
  open_ = false;
  note_damage_report();
  deferral_.check_nothing_left();
  audit_.run(options_, strictness_);
  memcg_audit_.run(subject_->memcg());
  provoke_report();
  free_everything();
  static_cast<void>(barrier());
  deferral_.check_nothing_left();
  destroy_caches();
  subject_->drain_pcp();
  subject_->drain_parked();
  audit_.run(options_, strictness_);
  end_accounting();
}

void SlabWorld::free_everything() {
  SlabObject object;
  while (ledger_.slots().take_any(object)) {
    if (object.origin == Origin::sheaf) {
      give_back(object);
      continue;
    }
    const bool nolock = object.serial % 2 != 0;
    Freer freer = nolock ? Freer::kfree_nolock : Freer::kfree;
    if (object.origin == Origin::pages) {
      freer = nolock ? Freer::free_pages_nolock : Freer::free_pages;
    }
    if (!may_free(object, freer)) freer = Freer::kfree;
    release(object, freer);
  }
  if (ledger_.held_objects() == damage_.leaked() && ledger_.whole_pages() == 0) return;
  simulation_.stop(
      VerdictKind::conservation, "everything held can be given back",
      fmt::format("{} objects held", damage_.leaked()),
      fmt::format("{} objects, {} pages", ledger_.held_objects(), ledger_.whole_pages()));
}

void SlabWorld::destroy_caches() {
  for (unsigned name = 0; name < kNamedCaches; ++name) {
    const std::uint16_t index = caches_.usable(name);
    if (index != CacheTable::kNone) destroy(index);
  }
}

}  // namespace anyctx::target
