// The parameters of a simulated machine, as far as the machine itself knows them.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>

#include "lib/machine/site.h"

namespace anyctx::inject {

inline constexpr unsigned kMaxCpus = 4;
inline constexpr unsigned kMaxTasks = 4;

struct MachineConfig {
  unsigned cpus = 1;    // 1..kMaxCpus; forced to 1 on UP
  bool rt = false;      // PREEMPT_RT
  bool smp = true;      // false: UP, every spin_trylock succeeds
  bool cas2 = true;     // double-word compare-and-swap
  bool reentry = true;  // probe programs may run inside operations
  // Own steps after which an operation counts as stuck, unless it names a bound of its own.
  std::uint32_t max_steps = 1'000'000;
  std::uint32_t max_nolock_steps = 20'000;
  // Own steps that a frame may take from switching interrupts off to switching them on.
  std::uint32_t max_irqs_off_steps = 200'000;
  // How many steps count as one for these bounds: more than one where every access is a step.
  std::uint32_t step_scale = 1;
  // Sites at which no decision is taken. Not owned; null: there are none.
  const std::bitset<machine::kMaxSites>* passed_over = nullptr;
  // The site tables of all layers in use.
  std::span<const std::span<const machine::SiteInfo>> sites;
};

}  // namespace anyctx::inject
