#include "inject/kernel/machine.h"

#include <algorithm>
#include <span>

#include "inject/kernel/boundary.h"
#include "inject/kernel/sites.h"
#include "inject/sim/sim_machine.h"

using anyctx::inject::Frame;
using anyctx::inject::KernelLeft;
using anyctx::inject::LaneKind;
using anyctx::inject::Sim;
using anyctx::inject::Simulation;
using anyctx::machine::Context;
using anyctx::machine::IrqState;

namespace {

// Who has looked that often while nothing happened looks half as often: most waits that reach their
// limit are of this kind, and each look takes as many steps. (Less often still, and two that wait
// for each other would find out late.)
constexpr std::uint32_t kTurnsInVain = 8;
constexpr std::uint64_t kPatience = 2;

}  // namespace

unsigned anyctx_cpus() {
  return Sim::cpus();
}

unsigned anyctx_cpu() {
  return Sim::cpu();
}

unsigned long anyctx_irq_save() {
  const KernelLeft outside;
  return static_cast<unsigned long>(Sim::irq_save());
}

void anyctx_irq_restore(unsigned long state) {
  const KernelLeft outside;
  Sim::irq_restore(static_cast<IrqState>(state));
}

void anyctx_preempt_disable() {
  const KernelLeft outside;
  Sim::preempt_disable();
}

void anyctx_preempt_enable() {
  const KernelLeft outside;
  Sim::preempt_enable();
}

bool anyctx_in_nmi() {
  const anyctx::inject::SimTask& task = Simulation::current().task();
  const std::span<const Frame> frames(task.frames.data(), task.depth);
  return std::ranges::any_of(frames, [](const Frame& frame) {
    return frame.context == Context::nmi || frame.where.lane.kind == LaneKind::reentry;
  });
}

std::uint64_t anyctx_now_ns() {
  return Sim::now_ns();
}

std::uint64_t anyctx_spin_look() {
  return Simulation::current().progress();
}

void anyctx_spin_turn(std::uint64_t seen, std::uint64_t ns) {
  const KernelLeft outside;
  Simulation& simulation = Simulation::current();
  std::uint64_t until = ~std::uint64_t{0};
  if (ns != kAnyctxForever) {
    const bool is_patient = simulation.frame().spin.in_vain >= kTurnsInVain;
    until = Sim::now_ns() + (is_patient ? kPatience : 1) * ns;
  }
  static_cast<void>(simulation.spin(anyctx::inject::kernel_site::spin, until, seen));
}

void anyctx_spin_end() {
  Simulation::current().note_progress();
}
