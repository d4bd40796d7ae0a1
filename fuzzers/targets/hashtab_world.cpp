#include "fuzzers/targets/hashtab_world.h"

#include <fmt/format.h>

#include "fuzzers/engine/target.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;

namespace {

constexpr std::uint32_t kMostGiven = 130;

Outcome outcome_of(int result) {
  return {result < 0 ? Outcome::Kind::failed : Outcome::Kind::done,
          static_cast<std::uint32_t>(result)};
}

}  // namespace

/// If there is no memory for a table, there is none.
void HashTabWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kHashTabSchema, program, name);
  };
  open_ = false;
  objects_.clear();
  const HashTabOptions options{.pages = value("pages"),
                               .max_entries = value("entries"),
                               .value_words = value("words"),
                               .seed = value("seed"),
                               .prealloc = value("prealloc") != 0,
                               .guarded = value("locks") != 0};
  if (subject_->reset(options) != 0) return;
  judge_.reset(options);
  judge_.check_rest();
  open_ = true;
}

Outcome HashTabWorld::perform(const program::Op& op, inject::Lane) {
  if (!open_) return {Outcome::Kind::vacuous};
  judge_.begin_op();
  const Outcome outcome = dispatch(op);
  judge_.end_op();
  return outcome;
}

Outcome HashTabWorld::dispatch(const program::Op& op) {
  switch (static_cast<HashTabOp>(op.code)) {
    case HashTabOp::update:
      return outcome_of(judge_.update(op.args[0], op.args[1]));
    case HashTabOp::remove:
      return outcome_of(judge_.remove(op.args[0]));
    case HashTabOp::lookup:
      return {judge_.lookup(op.args[0], op.args[1]) ? Outcome::Kind::done : Outcome::Kind::failed};
    case HashTabOp::take_objects:
      return take_objects(op.args[0]);
    case HashTabOp::give_back:
      return give_back();
  }
  return {Outcome::Kind::vacuous};
}

Outcome HashTabWorld::take_objects(std::uint32_t count) {
  std::uint32_t taken = 0;
  for (; taken < count; ++taken) {
    void* const object = subject_->kmalloc_nolock();
    if (object == nullptr) break;
    if (objects_.push(0, object)) continue;
    subject_->kfree_nolock(object);
    break;
  }
  return {taken == count ? Outcome::Kind::done : Outcome::Kind::failed, taken};
}

/// Not all at once: what an operation may take is bounded.
Outcome HashTabWorld::give_back() {
  const auto any = [](void*) { return true; };
  std::uint32_t given = 0;
  void* object = nullptr;
  for (; given < kMostGiven && objects_.take(0, object, any); ++given) {
    subject_->kfree_nolock(object);
  }
  return {given != 0 ? Outcome::Kind::done : Outcome::Kind::vacuous, given};
}

void HashTabWorld::finish() {
  if (open_) judge_.check_rest();
  open_ = false;
  while (give_back().kind == Outcome::Kind::done) {
  }
  subject_->htab_map_free();
  const std::int64_t live = subject_->settle();
  if (live == 0) return;
  simulation_.stop(VerdictKind::conservation, "the memory of a table goes with it",
                   "no object in use", fmt::format("{}", live));
}

}  // namespace anyctx::target
