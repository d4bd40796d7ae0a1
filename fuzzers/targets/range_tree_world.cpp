#include "fuzzers/targets/range_tree_world.h"

#include <fmt/format.h>

#include "fuzzers/targets/range_tree_schema.h"

namespace anyctx::target {

using engine::Outcome;
using inject::VerdictKind;
using Change = RangeTreeJudge::Change;

namespace {

constexpr std::uint64_t kHighPart = std::uint64_t{1} << 32;
constexpr std::uint64_t kMostGiven = 130;

/// Numbers that were found, and errors, as they are.
Outcome outcome_of(std::int64_t result) {
  const auto word = static_cast<std::uint32_t>(result);
  return {result < 0 ? Outcome::Kind::failed : Outcome::Kind::done, word};
}

}  // namespace

RangeTreeWorld::RangeTreeWorld(inject::Simulation& simulation,
                               std::unique_ptr<RangeTreeSubject> subject)
    : simulation_(simulation), subject_(std::move(subject)), judge_(simulation, *subject_) {}

void RangeTreeWorld::setup(const program::Program& program) {
  const auto param = [&](RangeTreeParam index) {
    return program.params[static_cast<unsigned>(index)];
  };
  subject_->reset({.pages = param(RangeTreeParam::pages)});
  const std::uint64_t limit = param(RangeTreeParam::limit);
  judge_.reset(limit != 0 ? limit : kHighPart);
  objects_.clear();
  pages_.clear();
  locked_ = false;
  open_ = false;
  subject_->range_tree_init(judge_.model().limit());
  if (param(RangeTreeParam::whole) != 0) static_cast<void>(create());
  open_ = true;
}

/// As at the creation of an arena: nobody else is there yet.
int RangeTreeWorld::create() {
  judge_.begin_call();
  const int result = judge_.change(Change::set, 0, judge_.model().limit());
  judge_.end_call();
  return result;
}

Outcome RangeTreeWorld::perform(const program::Op& op, inject::Lane) {
  if (!open_) return {Outcome::Kind::vacuous};
  judge_.begin_call();
  const Outcome outcome = dispatch(op);
  judge_.end_call();
  return outcome;
}

Outcome RangeTreeWorld::dispatch(const program::Op& op) {
  const std::uint64_t first = op.args[0];
  const std::uint64_t length = op.args[1] + op.args[2] * kHighPart;
  switch (static_cast<RangeTreeOp>(op.code)) {
    case RangeTreeOp::set:
      return locked([&] { return judge_.change(Change::set, first, length); });
    case RangeTreeOp::clear:
      return locked([&] { return judge_.change(Change::clear, first, length); });
    case RangeTreeOp::is_set:
      return locked([&] { return judge_.is_set(first, length); });
    case RangeTreeOp::find:
      return locked([&] { return judge_.find(first + op.args[1] * kHighPart); });
    case RangeTreeOp::find_and_clear:
      return locked([&] { return find_and_clear(first + op.args[1] * kHighPart); });
    case RangeTreeOp::comb:
      return locked([&] { return comb(first, op.args[1]); });
    case RangeTreeOp::destroy:
      return locked([&] {
        judge_.destroy();
        subject_->range_tree_init(judge_.model().limit());
        return op.args[0] != 0 ? judge_.change(Change::set, 0, judge_.model().limit()) : 0;
      });
    case RangeTreeOp::take_objects:
      return take(objects_, op.args[0], [&] { return subject_->kmalloc_nolock(); });
    case RangeTreeOp::take_pages:
      return take(pages_, op.args[0], [&] { return subject_->alloc_pages_nolock(); });
    case RangeTreeOp::give_back:
      return give_back();
  }
  return {Outcome::Kind::vacuous};
}

/// With the owner's lock held. Who does not get it does without, as the arena's users do.
template <class F>
Outcome RangeTreeWorld::locked(F call) {
  const std::uint32_t causes = simulation_.causes().count();
  machine::IrqState flags{};
  if (const int result = subject_->raw_res_spin_lock_irqsave(flags); result != 0) {
    judge_.judge_lock(causes);
    return outcome_of(result);
  }
  if (locked_) {
    simulation_.stop(VerdictKind::lock_state, "a lock has one owner at a time", "1 owner",
                     "2 owners");
  }
  locked_ = true;
  const std::int64_t result = call();
  locked_ = false;
  subject_->raw_res_spin_unlock_irqrestore(flags);
  return outcome_of(result);
}

int RangeTreeWorld::comb(std::uint64_t start, std::uint32_t teeth) {
  int result = 0;
  for (std::uint32_t i = 0; i < teeth && result == 0; ++i) {
    result = judge_.change(Change::clear, start + 2 * i, 1);
  }
  return result;
}

/// Needs no node, so the second step succeeds.
std::int64_t RangeTreeWorld::find_and_clear(std::uint64_t length) {
  const std::int64_t place = judge_.find(length);
  if (place < 0) return place;
  const int result = judge_.change(Change::clear, static_cast<std::uint64_t>(place), length);
  return result == 0 ? place : result;
}

template <class Allocate>
Outcome RangeTreeWorld::take(Hoard& hoard, std::uint32_t count, Allocate allocate) {
  std::uint32_t taken = 0;
  for (; taken < count; ++taken) {
    void* const item = allocate();
    if (item == nullptr) break;
    if (!hoard.push(0, item)) {
      &hoard == &objects_ ? subject_->kfree_nolock(item) : subject_->free_pages_nolock(item);
      break;
    }
  }
  return {taken == count ? Outcome::Kind::done : Outcome::Kind::failed, taken};
}

/// Not all at once: what an operation may take is bounded.
Outcome RangeTreeWorld::give_back() {
  const auto any = [](void*) { return true; };
  std::uint64_t given = 0;
  void* item = nullptr;
  for (; given < kMostGiven && objects_.take(0, item, any); ++given) subject_->kfree_nolock(item);
  for (; given < kMostGiven && pages_.take(0, item, any); ++given) {
    subject_->free_pages_nolock(item);
  }
  return {given != 0 ? Outcome::Kind::done : Outcome::Kind::vacuous, given};
}

void RangeTreeWorld::finish() {
  open_ = false;
  judge_.check_runs(0, judge_.model().limit(), 0);
  judge_.destroy();
  while (give_back().kind == Outcome::Kind::done) {
  }
  const std::int64_t objects = subject_->settle();
  if (objects == 0) return;
  simulation_.stop(VerdictKind::conservation, "nodes that were given back are free",
                   "no object in use", fmt::format("{}", objects));
}

}  // namespace anyctx::target
