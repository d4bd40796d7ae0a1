// The native machine: real threads, one "CPU" per thread, signals as NMIs. No instrumentation.
//
// A thread keeps one CPU number while it lives, so per-CPU data is per-thread data and there is no
// migration. A signal handler that interrupts the thread nests strictly inside it, as an NMI does;
// the machine does not know that it is in a handler, so only nolock operations are legal there.
#pragma once

#include <atomic>

#include "lib/machine/check.h"
#include "lib/machine/machine.h"
#include "lib/machine/raw.h"

namespace anyctx::machine {

struct Native {
  static constexpr unsigned kMaxCpus = 64;

  // Shared memory.
  template <class T>
  static T load(Site, const T* p, std::memory_order order) {
    T value;
    __atomic_load(p, &value, raw::builtin(order));
    return value;
  }
  template <class T>
  static void store(Site, T* p, T value, std::memory_order order) {
    __atomic_store(p, &value, raw::builtin(order));
  }
  template <class T>
  static T exchange(Site, T* p, T value, std::memory_order order) {
    T old;
    __atomic_exchange(p, &value, &old, raw::builtin(order));
    return old;
  }
  template <class T>
  static bool cas(Site, T* p, T& expected, T desired, std::memory_order order) {
    return __atomic_compare_exchange(p, &expected, &desired, false, raw::builtin(order),
                                     raw::builtin(raw::failure_order(order)));
  }
  template <class T>
  static T fetch_add(Site, T* p, T value, std::memory_order order) {
    return __atomic_fetch_add(p, value, raw::builtin(order));
  }
  template <class T>
  static T fetch_or(Site, T* p, T value, std::memory_order order) {
    return __atomic_fetch_or(p, value, raw::builtin(order));
  }
  template <class T>
  static T fetch_and(Site, T* p, T value, std::memory_order order) {
    return __atomic_fetch_and(p, value, raw::builtin(order));
  }
  static Pair load2(Site, const Pair* p) { return raw::load2(p); }
  static bool cas2(Site, Pair* p, Pair& expected, Pair desired) {
    return raw::cas2(p, expected, desired, true);
  }
  template <class Here>
  static bool cpu_cas2(Site, Here here, Pair& expected, Pair desired) {
    return raw::cas2(here(), expected, desired, false);
  }
  static void* load_link(Site, void* const* link, std::memory_order order) {
    return raw::load_link(link, order);
  }
  static void store_link(Site, void** link, void* value, std::memory_order order) {
    raw::store_link(link, value, order);
  }

  // Contexts. Signals cannot be masked cheaply, so they count as NMIs: masking is not attempted.
  static constexpr unsigned cpus() { return kMaxCpus; }
  static unsigned cpu() {
    const unsigned own = cpu_;
    return __builtin_expect(own != kNoCpu, 1) ? own : claim_cpu();
  }
  static constexpr Context context() { return Context::task; }
  static constexpr bool irqs_disabled() { return false; }
  static constexpr bool preemptible() { return true; }
  static constexpr IrqState irq_save() { return IrqState::enabled; }
  static constexpr void irq_restore(IrqState) {}
  static void preempt_disable() { std::atomic_signal_fence(std::memory_order_seq_cst); }
  static void preempt_enable() { std::atomic_signal_fence(std::memory_order_seq_cst); }
  static constexpr void migrate_disable() {}
  static constexpr void migrate_enable() {}

  // Personality.
  static constexpr bool rt() { return false; }
  static constexpr bool smp() { return true; }
  static constexpr bool has_cas2() { return true; }
  static constexpr bool has_self_interrupt() { return false; }
  static constexpr bool has_workers() { return false; }
  static constexpr bool tells_nmi() { return false; }

  // Lock words: 0 free, 1 held.
  static bool try_lock(Site, std::uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED) == 0 &&
           __atomic_exchange_n(word, 1u, __ATOMIC_ACQUIRE) == 0;
  }
  static void lock(Site site, std::uint32_t* word) {
    while (!try_lock(site, word)) pause();
  }
  static void unlock(Site, std::uint32_t* word) { __atomic_store_n(word, 0u, __ATOMIC_RELEASE); }
  // Only nested contexts of this thread compete for a local lock: no atomic instruction is needed.
  static bool local_try_lock(Site, std::uint32_t* word) {
    if (__atomic_load_n(word, __ATOMIC_RELAXED) != 0) return false;
    __atomic_store_n(word, 1u, __ATOMIC_RELAXED);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return true;
  }
  static void local_lock(Site site, std::uint32_t* word) {
    ANYCTX_CHECK(local_try_lock(site, word));
  }
  static void local_unlock(Site, std::uint32_t* word) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    __atomic_store_n(word, 0u, __ATOMIC_RELAXED);
  }
  static bool local_is_locked(Site, const std::uint32_t* word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED) != 0;
  }

  // Environment.
  static constexpr bool fails(Site, bool condition) { return condition; }
  static constexpr void probe(Site) {}
  static void relax(Site) { pause(); }
  template <class Ready>
  static bool spin_until(Site, Ready is_ready, std::uint64_t time) {
    for (std::uint32_t turn = 1; !is_ready(); ++turn) {
      pause();
      if (turn % kTurnsPerLookAtClock != 0) continue;
      if (now_ns() > time) return false;
      let_others_run();
    }
    return true;
  }
  static std::uint64_t now_ns();
  static constexpr void raise(Site, IrqLine*) {}
  static constexpr void wake_worker(Site, IrqLine*) {}
  static constexpr void wake_worker_on(Site, unsigned, IrqLine*) {}
  static constexpr void might_sleep(Site) {}
  static constexpr void wake(Site) {}
  static constexpr void takes_lock(Site, const void*) {}
  static constexpr void drops_lock(Site, const void*) {}
  static void mark_free(void* p, std::size_t n) { raw::mark_free(p, n); }
  static void mark_used(void* p, std::size_t n) { raw::mark_used(p, n); }
  /// Prints one line to standard error and returns: the caller leaks what it cannot trust.
  static void bug(Bug bug, const void* where);

  /// Claims a CPU number for the calling thread, as its first call would do that needs one. False
  /// if kMaxCpus threads have all of them.
  static bool attach_thread();
  /// Gives the calling thread's CPU number back, for a thread that ends. Its per-CPU data stays
  /// and is taken over by the next thread that gets the number. Not legal in a signal handler.
  static void detach_thread();

 private:
  static constexpr unsigned kNoCpu = ~0u;
  static constexpr std::uint32_t kTurnsPerLookAtClock = 1u << 10;
  static unsigned claim_cpu();
  // There may be more threads than processors: who is waited for may need this one.
  static void let_others_run();
  static void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  // Where a library is loaded at run time, other models of thread-local storage allocate it when it
  // is first used: in a signal handler, maybe.
  [[gnu::tls_model("initial-exec")]] static thread_local constinit unsigned cpu_;
};

}  // namespace anyctx::machine
