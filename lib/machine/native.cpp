#include "lib/machine/native.h"

#include <unistd.h>

#include <cstring>
#include <ctime>
#include <thread>

namespace anyctx::machine {
namespace {

// The CPU numbers in use, one bit each. The one process-wide object of this project: threads belong
// to the process, and a number must be claimable in a signal handler before anything was set up.
constinit std::atomic<std::uint64_t> cpus_in_use{0};
static_assert(Native::kMaxCpus <= 64);

}  // namespace

constinit thread_local unsigned Native::cpu_ = Native::kNoCpu;

bool Native::attach_thread() {
  if (cpu_ != kNoCpu) return true;
  std::uint64_t used = cpus_in_use.load(std::memory_order_relaxed);
  for (;;) {
    if (used == ~std::uint64_t{0}) return cpu_ != kNoCpu;
    const unsigned free_cpu = static_cast<unsigned>(__builtin_ctzll(~used));
    if (cpus_in_use.compare_exchange_weak(used, used | std::uint64_t{1} << free_cpu,
                                          std::memory_order_acquire, std::memory_order_relaxed)) {
      // A handler that interrupted us here may have claimed a number for this thread already.
      if (cpu_ == kNoCpu) {
        cpu_ = free_cpu;
      } else {
        cpus_in_use.fetch_and(~(std::uint64_t{1} << free_cpu), std::memory_order_release);
      }
      return true;
    }
  }
}

unsigned Native::claim_cpu() {
  ANYCTX_CHECK(attach_thread());  // more than kMaxCpus threads
  return cpu_;
}

void Native::detach_thread() {
  if (cpu_ == kNoCpu) return;
  const std::uint64_t bit = std::uint64_t{1} << cpu_;
  cpu_ = kNoCpu;
  cpus_in_use.fetch_and(~bit, std::memory_order_release);
}

std::uint64_t Native::now_ns() {
  timespec now;
  ANYCTX_CHECK(::clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void Native::let_others_run() {
  std::this_thread::yield();
}

void Native::bug(Bug bug, const void* where) {
  char text[96] = "anyctx: ";
  std::size_t used = std::strlen(text);
  for (const char c : to_string(bug)) text[used++] = c;
  for (const char* tail = " at 0x"; *tail != '\0'; ++tail) text[used++] = *tail;
  const auto address = reinterpret_cast<std::uintptr_t>(where);
  for (int shift = 60; shift >= 0; shift -= 4) {
    text[used++] = "0123456789abcdef"[(address >> shift) & 15];
  }
  text[used++] = '\n';
  // A failed write leaves nothing better to do.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text, used);
}

}  // namespace anyctx::machine
