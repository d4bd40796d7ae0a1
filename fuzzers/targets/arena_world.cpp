#include "fuzzers/targets/arena_world.h"

#include <algorithm>

#include "fuzzers/targets/arena_free_oracles.h"
#include "fuzzers/targets/arena_places.h"
#include "inject/sim/sim_machine.h"

namespace anyctx::target {

using engine::Outcome;
using model::SlotRange;

namespace {

/// The most pages that one call which never waits handles itself: its steps are bounded.
constexpr std::uint32_t kMostNonSleepable = 256;

/// What the caller has switched off around a call.
class Surroundings {
 public:
  explicit Surroundings(std::uint32_t flags) : flags_(flags) {
    if ((flags_ & place_flag::irqs_off) != 0) irqs_ = inject::Sim::irq_save();
    if ((flags_ & place_flag::preempt_off) != 0) inject::Sim::preempt_disable();
  }
  ~Surroundings() {
    if ((flags_ & place_flag::preempt_off) != 0) inject::Sim::preempt_enable();
    if ((flags_ & place_flag::irqs_off) != 0) inject::Sim::irq_restore(irqs_);
  }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

 private:
  std::uint32_t flags_;
  machine::IrqState irqs_{};
};

}  // namespace

ArenaWorld::ArenaWorld(inject::Simulation& simulation, std::unique_ptr<ArenaSubject> subject)
    : simulation_(simulation),
      subject_(std::move(subject)),
      scene_(simulation, subject_->inspector()),
      look_(scene_),
      watch_(scene_) {}

Outcome ArenaWorld::perform(const program::Op& op, inject::Lane) {
  const bool renews = static_cast<ArenaOp>(op.code) == ArenaOp::map_destroy;
  if (!scene_.exists() && !renews) return {Outcome::Kind::vacuous};
  look_.refresh();
  return dispatch(op);
}

Outcome ArenaWorld::dispatch(const program::Op& op) {
  const Args& args = op.args;
  switch (static_cast<ArenaOp>(op.code)) {
    case ArenaOp::alloc_pages:
      return alloc_pages(args, op.result, true);
    case ArenaOp::alloc_pages_non_sleepable:
      return alloc_pages(args, op.result, false);
    case ArenaOp::free_pages:
      return free_pages(args, true);
    case ArenaOp::free_pages_non_sleepable:
      return free_pages(args, false);
    case ArenaOp::free_range:
      return free_range(args, true);
    case ArenaOp::free_range_non_sleepable:
      return free_range(args, false);
    case ArenaOp::reserve_pages:
      return reserve_pages(args);
    case ArenaOp::program_access:
      return program_access(args);
    case ArenaOp::kernel_access:
      return kernel_access(args);
    case ArenaOp::touch:
      return touch(args);
    case ArenaOp::mmap:
      return mmap(args);
    case ArenaOp::munmap:
      return munmap(args[0] % options_.processes);
    case ArenaOp::fork:
      return fork(args[0] % options_.processes, args[1] % options_.processes);
    case ArenaOp::exit:
      return exit(args[0] % options_.processes);
    case ArenaOp::map_create:
      return map_create(args);
    case ArenaOp::map_destroy:
      return map_destroy();
    case ArenaOp::map_op:
      return map_op(args[0]);
    case ArenaOp::direct_value:
      return direct_value(args);
    case ArenaOp::mem_usage:
      return mem_usage();
  }
  return {Outcome::Kind::vacuous};
}

/// A slot that is full forgets: the pages stay in use until somebody frees the range.
void ArenaWorld::keep(unsigned slot, const SlotRange& range) {
  if (!range.empty()) static_cast<void>(slots_.push(slot, range));
}

Outcome ArenaWorld::alloc_pages(const Args& args, unsigned slot, bool sleepable) {
  const std::uint32_t flags = args[2];
  const model::ArenaGeometry arena = scene_.geometry();
  ArenaRequest request;
  request.sleepable = sleepable;
  request.count = count_of(arena, args[0], flags);
  if (!sleepable && request.count <= arena.pages()) {
    request.count = std::min(request.count, kMostNonSleepable);
  }
  if (args[1] != kNowhere) request.address = place(arena, args[1], flags);
  const int node = args[3] == kNodeNone ? -1 : static_cast<int>(args[3]);
  request.bad_arguments = (flags & place_flag::bad_flags) != 0 || node > 0;

  const Surroundings surroundings(sleepable ? 0 : flags);
  ArenaCall call = scene_.begin_call();
  const std::uint64_t pointer =
      subject_->alloc_pages(kMain, request.address, request.count, node,
                            (flags & place_flag::bad_flags) != 0 ? 1 : 0, sleepable);
  scene_.end_call(call);
  // Somebody may have mapped the arena meanwhile.
  request.ask = scene_.geometry().ask(request.address, request.count);
  SlotRange range;
  judge_allocation(scene_, look_, call, request, pointer, range);
  keep(slot, range);
  if (pointer == 0) return {Outcome::Kind::failed};
  return {Outcome::Kind::done, range.first};
}

void ArenaWorld::free_at(std::uint64_t pointer, std::uint32_t count, bool sleepable) {
  ArenaCall call = scene_.begin_call();
  subject_->free_pages(kMain, pointer, count, sleepable);
  scene_.end_call(call);
  judge_free(scene_, look_, call, scene_.geometry().freed(pointer, count), sleepable);
}

Outcome ArenaWorld::free_pages(const Args& args, bool sleepable) {
  SlotRange range;
  if (!slots_.take(args[0], range, [](const SlotRange&) { return true; })) {
    return {Outcome::Kind::vacuous};
  }
  const std::uint32_t skip = args[1] % range.count;
  const std::uint32_t left = range.count - skip;
  const std::uint32_t count = args[2] == 0 || args[2] > left ? left : args[2];
  const std::uint64_t pointer = disguised(scene_.geometry().address(range.first + skip), args[3]);
  const Surroundings surroundings(sleepable ? 0 : args[3]);
  free_at(pointer, count, sleepable);
  keep(args[0], {range.first, skip});
  keep(args[0], {range.first + skip + count, left - count});
  return {Outcome::Kind::done, range.first};
}

Outcome ArenaWorld::free_range(const Args& args, bool sleepable) {
  const model::ArenaGeometry arena = scene_.geometry();
  const Surroundings surroundings(sleepable ? 0 : args[2]);
  free_at(place(arena, args[0], args[2]), count_of(arena, args[1], args[2]), sleepable);
  return {};
}

Outcome ArenaWorld::reserve_pages(const Args& args) {
  const model::ArenaGeometry arena = scene_.geometry();
  const std::uint64_t pointer = place(arena, args[0], args[2]);
  const std::uint32_t count = count_of(arena, args[1], args[2]);
  const Surroundings surroundings(args[2]);
  ArenaCall call = scene_.begin_call();
  const int result = subject_->reserve_pages(kMain, pointer, count);
  scene_.end_call(call);
  judge_reservation(scene_, look_, call, pointer, count, result);
  return {result == 0 ? Outcome::Kind::done : Outcome::Kind::failed,
          static_cast<std::uint64_t>(-result)};
}

}  // namespace anyctx::target
