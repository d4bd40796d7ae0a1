// What the compiler calls before each access of kernel sources to memory (-fsanitize-coverage=
// trace-loads,trace-stores): decision points. Atomic operations in assembly are not seen: points
// are before and behind them, or where a unit says so (anyctx_before_update()).
#include <cstdint>

#include "inject/kernel/boundary.h"
#include "inject/kernel/machine.h"
#include "inject/kernel/sites.h"
#include "inject/kernel/stacks.h"
#include "inject/sim/simulation.h"

namespace anyctx::inject {

thread_local constinit bool KernelBoundary::inside_ = false;

namespace {

void access(machine::Verb verb, const void* after) {
  if (!KernelBoundary::is_inside()) return;
  const KernelLeft outside;
  KernelStacks::note_access(after);
  Simulation::current().visit(point(kernel_site::memory, verb), {});
}

}  // namespace
}  // namespace anyctx::inject

using anyctx::inject::access;
using anyctx::machine::Verb;

void anyctx_before_update() {
  access(Verb::rmw, __builtin_return_address(0));
}

extern "C" {

void __sanitizer_cov_load1(std::uint8_t*) {
  access(Verb::load, __builtin_return_address(0));
}
void __sanitizer_cov_load2(std::uint16_t*) {
  access(Verb::load, __builtin_return_address(0));
}
void __sanitizer_cov_load4(std::uint32_t*) {
  access(Verb::load, __builtin_return_address(0));
}
void __sanitizer_cov_load8(std::uint64_t*) {
  access(Verb::load, __builtin_return_address(0));
}
void __sanitizer_cov_load16(__uint128_t*) {
  access(Verb::load, __builtin_return_address(0));
}
void __sanitizer_cov_store1(std::uint8_t*) {
  access(Verb::store, __builtin_return_address(0));
}
void __sanitizer_cov_store2(std::uint16_t*) {
  access(Verb::store, __builtin_return_address(0));
}
void __sanitizer_cov_store4(std::uint32_t*) {
  access(Verb::store, __builtin_return_address(0));
}
void __sanitizer_cov_store8(std::uint64_t*) {
  access(Verb::store, __builtin_return_address(0));
}
void __sanitizer_cov_store16(__uint128_t*) {
  access(Verb::store, __builtin_return_address(0));
}
}
