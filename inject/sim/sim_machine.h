// Sim: the machine contract of lib/machine, answered by the current Simulation. Every member visits
// its point first and acts afterwards: what a decision lets run there runs before the primitive.
#pragma once

#include <atomic>
#include <utility>

#include "inject/sim/simulation.h"
#include "lib/machine/machine.h"
#include "lib/machine/raw.h"

namespace anyctx::inject {

struct Sim {
  using Site = machine::Site;
  using Verb = machine::Verb;
  using Pair = machine::Pair;

  static constexpr unsigned kMaxCpus = inject::kMaxCpus;

  // Shared memory. One OS thread runs everything, so plain accesses are atomic enough; under TSan
  // they are real atomics, because fibers count as threads there.
  template <class T>
  static T load(Site site, const T* p, std::memory_order order) {
    now().visit(point(site, Verb::load), Access::read(p, sizeof(T)));
    if constexpr (machine::raw::kTsan) {
      T value;
      __atomic_load(p, &value, machine::raw::builtin(order));
      return value;
    } else {
      return *p;
    }
  }
  template <class T>
  static void store(Site site, T* p, T value, std::memory_order order) {
    now().visit(point(site, Verb::store), Access::write(p, sizeof(T)));
    if constexpr (machine::raw::kTsan) {
      __atomic_store(p, &value, machine::raw::builtin(order));
    } else {
      *p = value;
    }
  }
  template <class T>
  static T exchange(Site site, T* p, T value, std::memory_order order) {
    now().visit(point(site, Verb::rmw), Access::write(p, sizeof(T)));
    if constexpr (machine::raw::kTsan) {
      T old;
      __atomic_exchange(p, &value, &old, machine::raw::builtin(order));
      return old;
    } else {
      T old = *p;
      *p = value;
      return old;
    }
  }
  template <class T>
  static bool cas(Site site, T* p, T& expected, T desired, std::memory_order order) {
    if (now().visit(point(site, Verb::cas), Access::write(p, sizeof(T)))) return false;
    if constexpr (machine::raw::kTsan) {
      return __atomic_compare_exchange(p, &expected, &desired, false, machine::raw::builtin(order),
                                       machine::raw::builtin(machine::raw::failure_order(order)));
    } else {
      if (*p == expected) {
        *p = desired;
        return true;
      }
      expected = *p;
      return false;
    }
  }
  template <class T>
  static T fetch_add(Site site, T* p, T value, std::memory_order order) {
    return update(site, p, order, [value](T old) { return static_cast<T>(old + value); });
  }
  template <class T>
  static T fetch_or(Site site, T* p, T value, std::memory_order order) {
    return update(site, p, order, [value](T old) { return static_cast<T>(old | value); });
  }
  template <class T>
  static T fetch_and(Site site, T* p, T value, std::memory_order order) {
    return update(site, p, order, [value](T old) { return static_cast<T>(old & value); });
  }
  static Pair load2(Site site, const Pair* p) {
    now().visit(point(site, Verb::load), Access::read(p, sizeof *p));
    return machine::raw::load2(p);
  }
  static bool cas2(Site site, Pair* p, Pair& expected, Pair desired) {
    if (now().visit(point(site, Verb::cas), Access::write(p, sizeof *p))) return false;
    return swap_pair(p, expected, desired);
  }
  template <class Here>
  static bool cpu_cas2(Site site, Here here, Pair& expected, Pair desired) {
    if (now().visit(point(site, Verb::cas), Access::write(here(), sizeof expected))) return false;
    return swap_pair(here(), expected, desired);
  }
  static void* load_link(Site site, void* const* link, std::memory_order order) {
    now().visit(point(site, Verb::load), Access::special());
    return machine::raw::load_link(link, order);
  }
  static void store_link(Site site, void** link, void* value, std::memory_order order) {
    now().visit(point(site, Verb::store), Access::write(link, sizeof value));
    machine::raw::store_link(link, value, order);
  }

  // Contexts.
  ANYCTX_UNWATCHED static unsigned cpus() { return now().config().cpus; }
  static unsigned cpu() { return now().cpu(); }
  ANYCTX_UNWATCHED static machine::Context context() { return now().frame().context; }
  ANYCTX_UNWATCHED static bool irqs_disabled() {
    return now().task().state.irqs == machine::IrqState::disabled;
  }
  static bool preemptible() { return now().preemptible(); }
  static machine::IrqState irq_save() { return now().irq_save(); }
  static void irq_restore(machine::IrqState state) { now().irq_restore(state); }
  static void preempt_disable() { now().preempt_disable(); }
  static void preempt_enable() { now().preempt_enable(); }
  ANYCTX_UNWATCHED static void migrate_disable() { ++now().task().state.migrate_depth; }
  ANYCTX_UNWATCHED static void migrate_enable() { --now().task().state.migrate_depth; }

  // Personality.
  ANYCTX_UNWATCHED static bool rt() { return now().config().rt; }
  ANYCTX_UNWATCHED static bool smp() { return now().config().smp; }
  ANYCTX_UNWATCHED static bool has_cas2() { return now().config().cas2; }
  static constexpr bool has_self_interrupt() { return true; }
  static constexpr bool has_workers() { return true; }
  static constexpr bool tells_nmi() { return true; }

  // Lock words.
  static bool try_lock(Site site, std::uint32_t* word) { return now().try_lock(site, word, false); }
  static void lock(Site site, std::uint32_t* word) { now().lock(site, word, false); }
  static void unlock(Site site, std::uint32_t* word) { now().unlock(site, word, false); }
  static bool local_try_lock(Site site, std::uint32_t* word) {
    return now().try_lock(site, word, true);
  }
  static void local_lock(Site site, std::uint32_t* word) { now().lock(site, word, true); }
  static void local_unlock(Site site, std::uint32_t* word) { now().unlock(site, word, true); }
  static bool local_is_locked(Site site, const std::uint32_t* word) {
    Simulation& simulation = now();
    simulation.visit(point(site, Verb::test), Access::special());
    return simulation.holds_in_outer_frame(word);
  }

  // Environment.
  static bool fails(Site site, bool condition) {
    Simulation& simulation = now();
    const machine::PointId here = point(site, Verb::limit);
    const bool injected = simulation.visit(here, Access::none());
    if (condition && !injected) simulation.note_failure(here, false);
    return condition || injected;
  }
  static void probe(Site site) { now().visit(point(site, Verb::probe), Access::none()); }
  static void relax(Site site) { now().relax(site); }
  template <class Ready>
  static bool spin_until(Site site, Ready is_ready, std::uint64_t time) {
    Simulation& simulation = now();
    simulation.note_between();  // who spins may see what others did
    for (;;) {
      const std::uint64_t seen = simulation.progress();
      const bool ready = is_ready();
      if (!ready && simulation.spin(site, time, seen)) continue;
      simulation.note_between();
      simulation.note_progress();
      return ready;
    }
  }
  ANYCTX_UNWATCHED static std::uint64_t now_ns() {
    now().note_between();
    return now().now_ns();
  }
  static void raise(Site site, machine::IrqLine* line) { now().raise(site, line); }
  static void wake_worker(Site site, machine::IrqLine* line) {
    now().wake_worker(site, std::nullopt, line);
  }
  static void wake_worker_on(Site site, unsigned cpu, machine::IrqLine* line) {
    now().wake_worker(site, cpu, line);
  }
  static void might_sleep(Site site) { now().might_sleep(site); }
  static void wake(Site site) { now().wake(site); }
  static void mark_free(void* p, std::size_t n) {
    now().note_between(Access::write(p, n));
    now().memory().hide(p, n);
    machine::raw::mark_free(p, n);
  }
  static void mark_used(void* p, std::size_t n) {
    now().note_between(Access::write(p, n));
    now().memory().touch(p, n);
    machine::raw::mark_used(p, n);
  }
  static void takes_lock(Site site, const void* lock) { now().takes_lock(site, lock); }
  static void drops_lock(Site site, const void* lock) { now().drops_lock(site, lock); }
  static void bug(machine::Bug bug, const void* where) { now().bug(bug, where); }

 private:
  ANYCTX_UNWATCHED static Simulation& now() { return *Simulation::current_; }

  template <class T, class F>
  static T update(Site site, T* p, std::memory_order order, F f) {
    now().visit(point(site, Verb::rmw), Access::write(p, sizeof(T)));
    if constexpr (machine::raw::kTsan) {
      T old = __atomic_load_n(p, __ATOMIC_RELAXED);
      while (!__atomic_compare_exchange_n(p, &old, f(old), false, machine::raw::builtin(order),
                                          __ATOMIC_RELAXED)) {
      }
      return old;
    } else {
      const T old = *p;
      *p = f(old);
      return old;
    }
  }

  static bool swap_pair(Pair* p, Pair& expected, Pair desired) {
    if constexpr (machine::raw::kTsan) {
      return machine::raw::cas2(p, expected, desired, true);
    } else {
      if (*p == expected) {
        *p = desired;
        return true;
      }
      expected = *p;
      return false;
    }
  }
};

static_assert(machine::Machine<Sim>);

}  // namespace anyctx::inject
