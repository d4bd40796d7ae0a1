// Operations: frames, their bounds, and the state a CPU must be left in.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "inject/sim/simulation.h"

namespace anyctx::inject {
namespace {

std::string describe(const CpuState& state) {
  return fmt::format("interrupts {}, preemption depth {}, migration depth {}, {} locks held",
                     state.irqs == machine::IrqState::enabled ? "on" : "off", state.preempt_depth,
                     state.migrate_depth, state.locks_held);
}

// Longer than most operations: too long to be instrumented as well.
ANYCTX_UNWATCHED void add(const std::uint16_t* counts, std::uint64_t* to, unsigned n) {
  for (unsigned i = 0; i < n; ++i) to[i] += counts[i];
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
  frame.script = {};
  frame.at_begin = task_->state;
  frame.causes.clear();
  std::fill_n(frame.seen.begin(), point_limit_, std::uint16_t{0});
  frame_ = &frame;
  return frame;
}

void Simulation::pop_frame() {
  Frame& frame = *frame_;
  add(frame.seen.data(), stats_.reached[static_cast<unsigned>(frame.context)].data(), point_limit_);
  stats_.points += frame.steps;
  if (collect_visits_) {
    for (machine::PointId p = 0; p < point_limit_; ++p) {
      if (frame.seen[p] != 0) visits_.push_back({frame.where, p, frame.seen[p]});
    }
  }
  --task_->depth;
  frame_ = &task_->top();
  note_progress();
}

void Simulation::begin_op(const OpInfo& info) {
  const Unwatched unwatched;
  Frame& frame = push_frame(FrameKind::op, frame_->context, info.where);
  frame.nolock = info.nolock;
  frame.max_steps = info.max_steps != 0 ? info.max_steps
                    : info.nolock       ? config_.max_nolock_steps
                                        : config_.max_steps;
  ++stats_.ops[static_cast<unsigned>(frame.context)];
  arm(frame);
  if (recording_ != Recording::decisions) add_event(EventKind::op_begin, 0);
  visit(point(machine::site_op, machine::Verb::begin));
}

void Simulation::end_op(std::uint64_t result) {
  const Unwatched unwatched;
  visit(point(machine::site_op, machine::Verb::end));
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

bool Simulation::is_working() const {
  const Unwatched unwatched;
  return std::ranges::any_of(tasks_, [](const std::unique_ptr<SimTask>& task) {
    if (task->run_state == TaskState::absent || task->run_state == TaskState::finished)
      return false;
    const std::span<const Frame> frames(task->frames.data(), task->depth);
    return std::ranges::any_of(frames, [](const Frame& f) { return f.kind == FrameKind::work; });
  });
}

}  // namespace anyctx::inject
