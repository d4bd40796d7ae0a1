// Frame: one nesting level of a simulated task: an operation, a handler, deferred work.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "inject/choice/decision.h"
#include "inject/fault/cause.h"
#include "lib/machine/context.h"
#include "lib/machine/site.h"

namespace anyctx::inject {

/// What the caller says about an operation that begins.
struct OpInfo {
  OpRef where;
  bool nolock = false;          // must never wait, in no context
  std::uint32_t max_steps = 0;  // own steps; 0: the machine's default
};

enum class FrameKind : std::uint8_t {
  base,     // a task between operations
  op,       // an operation
  handler,  // an interrupt or probe between operations
  work,     // deferred work in interrupt context
};

/// Interrupt and preemption state, to compare before and after.
struct CpuState {
  machine::IrqState irqs = machine::IrqState::enabled;
  std::uint16_t preempt_depth = 0;
  std::uint16_t migrate_depth = 0;
  std::uint16_t locks_held = 0;
  friend bool operator==(const CpuState&, const CpuState&) = default;
};

/// What a frame that let others run, in spin_until() or relax(), waits for.
struct Spin {
  bool active = false;
  std::uint64_t until_ns = 0;  // virtual time
  std::uint64_t seen = 0;      // the machine's progress when the frame last looked
  std::uint32_t in_vain = 0;   // turns since it saw any
};

/// Points are counted in blocks of this size, so that the end of a frame looks at few of them.
inline constexpr unsigned kPointsPerBlock = machine::kMaxPoints / 64;

/// The first line is all that a point with the default outcome touches.
struct Frame {
  std::uint32_t steps = 0;          // own points visited
  std::uint32_t wake = UINT32_MAX;  // the step that is looked at more closely
  machine::PointId last_point = 0;
  FrameKind kind = FrameKind::base;
  machine::Context context = machine::Context::task;
  bool nolock = false;
  bool disturbed = false;  // a decision was taken or another frame ran meanwhile
  OpRef where;
  std::uint32_t max_steps = UINT32_MAX;
  std::uint32_t next_walk = UINT32_MAX;    // the step at which the walk is asked
  std::uint32_t irqs_off_at = UINT32_MAX;  // the step at which it switched interrupts off
  std::span<const Decision> script;
  CpuState at_begin;
  Spin spin;
  Causes causes;
  // Visits by point, and which blocks of them are not zero.
  std::array<std::uint16_t, machine::kMaxPoints> seen{};
  std::uint64_t seen_blocks = 0;
};

}  // namespace anyctx::inject
