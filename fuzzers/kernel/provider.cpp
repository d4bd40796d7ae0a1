#include "fuzzers/kernel/provider.h"

#include <fmt/format.h>

#include "fuzzers/kernel/services.h"
#include "inject/kernel/boundary.h"
#include "inject/sim/simulation.h"

using anyctx::inject::KernelLeft;
using anyctx::target::KernelProvider;

void* anyctx_allocate(std::size_t bytes, const char* caller) {
  const KernelLeft outside;
  return KernelProvider::current().allocate(bytes, caller);
}

void anyctx_release(const void* object) {
  const KernelLeft outside;
  KernelProvider::current().release(const_cast<void*>(object));
}

void anyctx_warn(const char* what, int line) {
  const KernelLeft outside;
  anyctx::inject::Simulation::current().stop(
      anyctx::inject::VerdictKind::structure, "the kernel's own checks hold", "no warning",
      line == 0 ? std::string(what) : fmt::format("a warning at {}:{}", what, line));
}
