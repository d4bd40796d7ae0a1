// The contract: what an algorithm of lib/ may ask of a CPU and its kernel.
//
// An algorithm takes a `Machine` type and calls its static members; three machines exist. `Native`
// inlines to builtins. `Sim` makes every call a recorded decision. `Threads` runs on real threads
// with synchronous re-entry. There is one implementation of each algorithm for all of them.
//
// Rules for callers
//  * Name things, not lines: every primitive takes a Site. Use the typed wrappers (atomic.h,
//    lib/sync) and declare the site once, at the declaration.
//  * At most one shared access per full expression: evaluation order is not specified by C++, and
//    traces must agree between compilers.
//  * No std::atomic, volatile, thread_local, clock, address-dependent branch or heap in lib/.
//  * A legal failure is written `if (M::fails(site, condition)) return ...;`, so that it can be
//    injected and so that each null result carries its causes.
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "lib/machine/bug.h"
#include "lib/machine/context.h"
#include "lib/machine/pair.h"
#include "lib/machine/site.h"

namespace anyctx::machine {

/// Work that a machine runs on one CPU, after raise() in hard interrupt context (task context of a
/// per-CPU thread on RT), as soon as interrupts are enabled there; after wake_worker() in a thread
/// of that CPU. Owned by the caller, on one list at a time.
struct IrqLine {
  void (*run)(IrqLine*) = nullptr;
  bool raised = false;      // touched by the machine only
  IrqLine* next = nullptr;  // touched by the machine only
};

/// Shared memory. Orders are those of std::memory_order. Failure of cas leaves the value found in
/// `expected`. `cas2` compares and swaps both words atomically with respect to all CPUs;
/// `cpu_cas2` only with respect to nested contexts of the CPU it runs on. Its pair is per-CPU data:
/// `here()` says where, and is asked after the last moment at which the caller could migrate.
template <class M>
concept SharedMemory = requires(Site s, std::uint64_t* p, const std::uint64_t* cp, std::uint64_t v,
                                std::uint64_t& expected, Pair* pair, const Pair* cpair,
                                Pair& pair_expected, Pair pair_desired, Pair* (*here)(),
                                void** link, void* const* clink, void* value,
                                std::memory_order order) {
  { M::load(s, cp, order) } -> std::same_as<std::uint64_t>;
  { M::store(s, p, v, order) } -> std::same_as<void>;
  { M::exchange(s, p, v, order) } -> std::same_as<std::uint64_t>;
  { M::cas(s, p, expected, v, order) } -> std::same_as<bool>;
  { M::fetch_add(s, p, v, order) } -> std::same_as<std::uint64_t>;
  { M::fetch_or(s, p, v, order) } -> std::same_as<std::uint64_t>;
  { M::fetch_and(s, p, v, order) } -> std::same_as<std::uint64_t>;
  { M::load2(s, cpair) } -> std::same_as<Pair>;  // may be torn between the words
  { M::cas2(s, pair, pair_expected, pair_desired) } -> std::same_as<bool>;
  { M::cpu_cas2(s, here, pair_expected, pair_desired) } -> std::same_as<bool>;
  // Links threaded through memory that is marked free: not checked by sanitizers. A link of an
  // object that another context re-used meanwhile may hold anything; the caller validates by CAS.
  { M::load_link(s, clink, order) } -> std::same_as<void*>;
  { M::store_link(s, link, value, order) } -> std::same_as<void>;
};

/// CPUs, contexts, interrupt and preemption state. `cpu()` is stable only while migration is
/// impossible. irq_save/irq_restore and preempt_disable/enable nest, in LIFO order.
template <class M>
concept Contexts = requires(IrqState state) {
  { M::kMaxCpus } -> std::convertible_to<unsigned>;
  { M::cpus() } -> std::same_as<unsigned>;
  { M::cpu() } -> std::same_as<unsigned>;
  { M::context() } -> std::same_as<Context>;
  { M::irqs_disabled() } -> std::same_as<bool>;
  { M::preemptible() } -> std::same_as<bool>;  // task context, interrupts and preemption enabled
  { M::irq_save() } -> std::same_as<IrqState>;
  { M::irq_restore(state) } -> std::same_as<void>;
  { M::preempt_disable() } -> std::same_as<void>;
  { M::preempt_enable() } -> std::same_as<void>;
  { M::migrate_disable() } -> std::same_as<void>;
  { M::migrate_enable() } -> std::same_as<void>;
};

/// Properties of the machine. Constant on a native machine, parameters of a simulated one.
template <class M>
concept Personality = requires {
  { M::rt() } -> std::same_as<bool>;        // PREEMPT_RT: spinlocks sleep, irq_work is threaded
  { M::smp() } -> std::same_as<bool>;       // false: UP, where every spin_trylock succeeds
  { M::has_cas2() } -> std::same_as<bool>;  // double-word compare-and-swap exists
  // raise() interrupts by itself. Without it, whoever owns the line polls (lib/defer/irq_work.h).
  { M::has_self_interrupt() } -> std::same_as<bool>;
  // wake_worker() leads to a run by itself. Without it, whoever owns the line polls.
  { M::has_workers() } -> std::same_as<bool>;
  // context() knows an NMI. Without it, any code that nests in other code may be one.
  { M::tells_nmi() } -> std::same_as<bool>;
};

/// Raw lock words. The lock algorithms with their preemption and interrupt rules are in lib/sync.
/// `lock` waits; the simulator reports waiting for an own outer frame, or inside a nolock
/// operation. The `local_` forms protect per-CPU data against nested contexts of the same CPU only.
template <class M>
concept LockWords = requires(Site s, std::uint32_t* word, const std::uint32_t* cword) {
  { M::try_lock(s, word) } -> std::same_as<bool>;
  { M::lock(s, word) } -> std::same_as<void>;
  { M::unlock(s, word) } -> std::same_as<void>;
  { M::local_try_lock(s, word) } -> std::same_as<bool>;
  { M::local_lock(s, word) } -> std::same_as<void>;
  { M::local_unlock(s, word) } -> std::same_as<void>;
  { M::local_is_locked(s, cword) } -> std::same_as<bool>;  // by an outer frame of this CPU
};

/// Failures, waiting, deferral, and announcements that only oracles listen to.
template <class M>
concept Environment = requires(Site s, bool condition, bool (*is_ready)(), std::uint64_t time,
                               IrqLine* line, unsigned n_cpu, void* p, std::size_t n, Bug b) {
  // True if `condition` holds or a failure is injected here. A true result is a recorded cause.
  { M::fails(s, condition) } -> std::same_as<bool>;
  // A named place inside a critical section where a context may be entered.
  { M::probe(s) } -> std::same_as<void>;
  // One turn of a loop that waits for another CPU or for an interrupt of this one. Task context.
  { M::relax(s) } -> std::same_as<void>;
  // Waits actively until is_ready(), or until now_ns() is greater than `time`; returns whether it
  // is ready. is_ready is called many times and makes shared accesses of its own. Legal everywhere:
  // a wait with a bound, be it this one or what is_ready depends on, may even hold up an NMI.
  { M::spin_until(s, is_ready, time) } -> std::same_as<bool>;
  // Nanoseconds since some moment in the past. Never goes back. Every context.
  { M::now_ns() } -> std::same_as<std::uint64_t>;
  // Ask for line->run on this CPU. Legal everywhere. No effect while the line is already raised.
  { M::raise(s, line) } -> std::same_as<void>;
  // Ask for line->run in task context, preemptible. Takes locks of the scheduler: not in an NMI,
  // not in a nolock operation. No effect while the line is already raised.
  { M::wake_worker(s, line) } -> std::same_as<void>;
  // The same in a thread of that CPU, which never leaves it.
  { M::wake_worker_on(s, n_cpu, line) } -> std::same_as<void>;
  // This operation may sleep / would wake another task. Nothing happens but the context check.
  { M::might_sleep(s) } -> std::same_as<void>;
  { M::wake(s) } -> std::same_as<void>;
  // This task, or a context that interrupts it, takes / no longer has a lock that it may wait for.
  // For locks that are made of shared words; those of LockWords announce themselves.
  { M::takes_lock(s, p) } -> std::same_as<void>;
  { M::drops_lock(s, p) } -> std::same_as<void>;
  // Tell sanitizers that [p, p+n) is free / in use. 8-byte granules; no-ops without a sanitizer.
  { M::mark_free(p, n) } -> std::same_as<void>;
  { M::mark_used(p, n) } -> std::same_as<void>;
  { M::bug(b, p) } -> std::same_as<void>;
};

template <class M>
concept Machine =
    SharedMemory<M> && Contexts<M> && Personality<M> && LockWords<M> && Environment<M>;

}  // namespace anyctx::machine
