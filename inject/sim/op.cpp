// Operations: frames, their bounds, and the state a CPU must be left in.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <span>

#include "inject/sim/simulation.h"

namespace anyctx::inject {
namespace {

std::string describe(const CpuState& state) {
  return fmt::format("interrupts {}, preemption depth {}, migration depth {}, {} locks held",
                     state.irqs == machine::IrqState::enabled ? "on" : "off", state.preempt_depth,
                     state.migrate_depth, state.locks_held);
}

/// Calls `f(first point)` for each block of points that a frame has visited.
template <class F>
ANYCTX_UNWATCHED void for_each_block(const Frame& frame, F f) {
  for (std::uint64_t blocks = frame.seen_blocks; blocks != 0; blocks &= blocks - 1) {
    f(static_cast<unsigned>(std::countr_zero(blocks)) * kPointsPerBlock);
  }
}

ANYCTX_UNWATCHED void forget_visits(Frame& frame) {
  for_each_block(frame, [&](unsigned first) {
    std::fill_n(frame.seen.begin() + first, kPointsPerBlock, std::uint16_t{0});
  });
  frame.seen_blocks = 0;
}

// Longer than most operations: too long to be instrumented as well.
ANYCTX_UNWATCHED void add(const std::uint16_t* counts, std::uint64_t* to) {
  for (unsigned i = 0; i < kPointsPerBlock; ++i) to[i] += counts[i];
}

}  // namespace

Frame& Simulation::push_frame(FrameKind kind, machine::Context context, const OpRef& where) {
  Frame& frame = task_->push();
  frame.steps = 0;
  frame.kind = kind;
  frame.context = context;
  frame.nolock = false;
  frame.disturbed = false;
  frame.spin = {};
  frame.where = where;
  frame.max_steps = UINT32_MAX;
  frame.next_walk = UINT32_MAX;
  frame.irqs_off_at = UINT32_MAX;
  frame.script = {};
  frame.at_begin = task_->state;
  frame.causes.clear();
  forget_visits(frame);  // of a frame that was given up
  frame_ = &frame;
  return frame;
}

void Simulation::pop_frame() {
  Frame& frame = *frame_;
  std::uint64_t* const reached = stats_.reached[static_cast<unsigned>(frame.context)].data();
  for_each_block(frame, [&](unsigned first) { add(&frame.seen[first], reached + first); });
  stats_.points += frame.steps;
  if (collect_visits_) {
    for (machine::PointId p = 0; p < point_limit_; ++p) {
      if (frame.seen[p] != 0) visits_.push_back({frame.where, p, frame.seen[p]});
    }
  }
  forget_visits(frame);
  --task_->depth;
  frame_ = &task_->top();
  note_progress();
}

void Simulation::begin_op(const OpInfo& info) {
  const Unwatched unwatched;
  Frame& frame = push_frame(FrameKind::op, frame_->context, info.where);
  frame.nolock = info.nolock;
  const std::uint32_t most = info.max_steps != 0 ? info.max_steps
                             : info.nolock       ? config_.max_nolock_steps
                                                 : config_.max_steps;
  frame.max_steps = most * config_.step_scale;
  ++stats_.ops[static_cast<unsigned>(frame.context)];
  arm(frame);
  if (recording_ != Recording::decisions) add_event(EventKind::op_begin, 0);
  visit(point(machine::site_op, machine::Verb::begin), Access::special());
}

void Simulation::end_op(std::uint64_t result) {
  const Unwatched unwatched;
  visit(point(machine::site_op, machine::Verb::end), Access::special());
  note(result);
  if (recording_ != Recording::decisions) add_event(EventKind::op_end, 0, result);
  check_state_restored(*frame_);
  pop_frame();
  tick_delays();
  deliver_due();
  yield_to_worker();
}

void Simulation::check_state_restored(const Frame& frame) {
  if (task_->state == frame.at_begin) return;
  stop(VerdictKind::lock_state,
       "an operation leaves locks, interrupts and preemption as it found them",
       describe(frame.at_begin), describe(task_->state));
}

void Simulation::check_irqs_off() {
  const std::uint32_t at = std::exchange(frame_->irqs_off_at, UINT32_MAX);
  const std::uint32_t most = config_.max_irqs_off_steps * config_.step_scale;
  if (at == UINT32_MAX || frame_->steps - at <= most) return;
  stop(VerdictKind::no_progress, "interrupts are off for a bounded number of own steps",
       fmt::format("{} steps", most), fmt::format("{}", frame_->steps - at));
}

bool Simulation::is_working() {
  const Unwatched unwatched;
  note_between();
  return std::ranges::any_of(tasks_, [](const std::unique_ptr<SimTask>& task) {
    if (task->run_state == TaskState::absent || task->run_state == TaskState::finished)
      return false;
    const std::span<const Frame> frames(task->frames.data(), task->depth);
    return std::ranges::any_of(frames, [](const Frame& f) { return f.kind == FrameKind::work; });
  });
}

}  // namespace anyctx::inject
