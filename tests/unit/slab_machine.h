// SlabMachine: the scripted machine, with a hook before every shared access and every attempt at a
// lock, double-word swaps that can be missing, and interrupts that run deferred work.
#pragma once

#include <utility>

#include "tests/unit/scripted_machine.h"

namespace anyctx::test {

using machine::Site;
using machine::Verb;

/// What a test adds to the script. The hook runs nested code if it calls any: it is off meanwhile.
struct SlabScript {
  std::function<void(Site, Verb)> before;     // may run operations, change the CPU...
  std::function<bool(Site, Verb)> fail_swap;  // true: this swap fails without a reason
  bool has_cas2 = true;
  bool hold_interrupts = false;  // raised lines wait for deliver()
  std::vector<machine::IrqLine*> raised;
  std::function<void()> at_relax;  // instead of running what was raised
};

struct SlabMachine : ScriptedMachine {
  static inline SlabScript slab;

  static void visit(Site site, Verb verb) {
    if (!slab.before) return;
    auto hook = std::exchange(slab.before, nullptr);
    hook(site, verb);
    if (!slab.before) slab.before = std::move(hook);
  }
  static bool swap_fails(Site site) { return slab.fail_swap && slab.fail_swap(site, Verb::cas); }

  template <class T>
  static T load(Site site, const T* p, std::memory_order order) {
    visit(site, Verb::load);
    return Native::load(site, p, order);
  }
  template <class T>
  static void store(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::store);
    Native::store(site, p, value, order);
  }
  template <class T>
  static bool cas(Site site, T* p, T& expected, T desired, std::memory_order order) {
    visit(site, Verb::cas);
    return !swap_fails(site) && Native::cas(site, p, expected, desired, order);
  }
  static bool cas2(Site site, machine::Pair* p, machine::Pair& expected, machine::Pair desired) {
    visit(site, Verb::cas);
    ANYCTX_CHECK(slab.has_cas2);
    return !swap_fails(site) && Native::cas2(site, p, expected, desired);
  }
  template <class Here>
  static bool cpu_cas2(Site site, Here here, machine::Pair& expected, machine::Pair desired) {
    visit(site, Verb::cas);
    ANYCTX_CHECK(slab.has_cas2);
    return !swap_fails(site) && Native::cpu_cas2(site, here, expected, desired);
  }
  static void* load_link(Site site, void* const* link, std::memory_order order) {
    visit(site, Verb::load);
    return Native::load_link(site, link, order);
  }
  static void store_link(Site site, void** link, void* value, std::memory_order order) {
    visit(site, Verb::store);
    Native::store_link(site, link, value, order);
  }

  template <class T>
  static T exchange(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::exchange(site, p, value, order);
  }
  template <class T>
  static T fetch_or(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::fetch_or(site, p, value, order);
  }
  template <class T>
  static T fetch_and(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::fetch_and(site, p, value, order);
  }

  static bool has_cas2() { return slab.has_cas2; }
  static constexpr bool has_self_interrupt() { return true; }

  static bool try_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::trylock);
    return ScriptedMachine::try_lock(site, word);
  }
  static bool local_try_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::trylock);
    if (*word != 0 || (script.fail && script.fail(site))) {
      script.causes.push_back(site);
      return false;
    }
    *word = 1;
    ++script.locks_held;
    return true;
  }
  static void local_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::lock);
    lock(site, word);
  }
  static void local_unlock(Site site, std::uint32_t* word) {
    visit(site, Verb::unlock);
    unlock(site, word);
  }
  static void probe(Site site) {
    visit(site, Verb::probe);
    ScriptedMachine::probe(site);
  }

  static void raise(Site, machine::IrqLine* line) {
    if (line->raised) return;
    line->raised = true;
    slab.raised.push_back(line);
    if (script.irqs_off == 0) deliver_unless_held();
  }
  static void irq_restore(machine::IrqState state) {
    ScriptedMachine::irq_restore(state);
    if (script.irqs_off == 0) deliver_unless_held();
  }
  static void deliver_unless_held() {
    if (slab.hold_interrupts || script.context >= machine::Context::hardirq) return;
    if (!script.rt || (script.pinned == 0 && !script.nolock)) deliver();
  }
  static void relax(Site) {
    if (slab.at_relax) return slab.at_relax();
    // Nothing else would ever end the wait.
    ANYCTX_CHECK(!slab.raised.empty() || !script.works.empty());
    deliver();
    for (machine::IrqLine* line : std::exchange(script.works, {})) line->run(line);
  }
  /// Hard interrupt: runs what was raised. On RT a thread does it, when nobody else runs.
  static void deliver() {
    while (!slab.raised.empty()) {
      machine::IrqLine* const line = slab.raised.front();
      slab.raised.erase(slab.raised.begin());
      line->raised = false;
      script.rt ? line->run(line) : in_context(machine::Context::hardirq, [&] { line->run(line); });
    }
  }

  /// Runs `function` as code of this context that interrupts whatever runs.
  template <class F>
  static void in_context(machine::Context context, F function) {
    const machine::Context outer = std::exchange(script.context, context);
    const bool nolock = std::exchange(script.nolock, context == machine::Context::nmi);
    ++script.irqs_off;
    function();
    --script.irqs_off;
    script.nolock = nolock;
    script.context = outer;
    if (script.irqs_off == 0 && outer < machine::Context::hardirq) deliver_unless_held();
  }
};

static_assert(machine::Machine<SlabMachine>);

}  // namespace anyctx::test
