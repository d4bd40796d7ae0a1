#include "inject/threads/single_step.h"

#include "lib/machine/check.h"

#if defined(__x86_64__) && defined(__linux__)
#include <signal.h>
#include <ucontext.h>

namespace anyctx::inject {
namespace {

constexpr std::uint64_t kTrapFlag = 1u << 8;

// A handler has no argument of its own.
Trials* stepped = nullptr;
greg_t last = 0;

void on_step(int, siginfo_t*, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  // A repeated string instruction traps after each of its turns.
  if (registers[REG_RIP] == last) return;
  last = registers[REG_RIP];
  if (stepped->visit(static_cast<std::uintptr_t>(registers[REG_RIP]))) {
    registers[REG_EFL] &= ~static_cast<greg_t>(kTrapFlag);
  }
}

/// Both may change the red zone of nobody: they are calls.
[[gnu::noinline]] void start_stepping() {
  asm volatile("pushfq; orq %0, (%%rsp); popfq" : : "i"(kTrapFlag) : "cc", "memory");
}
[[gnu::noinline]] void stop_stepping() {
  asm volatile("pushfq; andq %0, (%%rsp); popfq" : : "i"(~kTrapFlag) : "cc", "memory");
}

}  // namespace

bool can_single_step() {
  return true;
}

void try_each_instruction(Trials& trials) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_sigaction = on_step;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  ::sigaction(SIGTRAP, &action, &before);
  stepped = &trials;
  last = 0;
  trials.run([](const std::function<void()>& operation) {
    start_stepping();
    operation();
    stop_stepping();
  });
  stepped = nullptr;
  ::sigaction(SIGTRAP, &before, nullptr);
}

}  // namespace anyctx::inject
#else
namespace anyctx::inject {

bool can_single_step() {
  return false;
}

void try_each_instruction(Trials&) {
  ANYCTX_CHECK(!"this machine cannot stop before each instruction");
}

}  // namespace anyctx::inject
#endif
