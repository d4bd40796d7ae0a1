// ScriptedMachine: the native machine, except where a test says otherwise: the context, the number
// of CPUs, RT and UP, which trylock or limit fails, and what runs at a probe. One OS thread.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "lib/machine/native.h"

namespace anyctx::test {

struct Script {
  unsigned cpus = 2;
  unsigned cpu = 0;
  machine::Context context = machine::Context::task;
  bool rt = false;
  bool smp = true;
  bool nolock = false;                          // a wait, a sleep or a wake is a violation
  std::function<void(machine::Site)> at_probe;  // runs with interrupts as they are there
  std::function<void(machine::Site)> at_spin;   // runs while a wait is not ready
  std::function<bool(machine::Site)> fail;      // true: this trylock or limit fails
  std::vector<machine::Site> causes;            // trylocks and limits that failed
  std::vector<machine::Bug> bugs;
  std::vector<machine::IrqLine*> works;  // raised for workers
  std::vector<const char*> violations;
  std::uint64_t now = 0;
  int irqs_off = 0;
  int pinned = 0;
  int locks_held = 0;

  bool caused_by(machine::Site site) const {
    for (const machine::Site cause : causes) {
      if (cause == site) return true;
    }
    return false;
  }
};

struct ScriptedMachine : machine::Native {
  static constexpr unsigned kMaxCpus = 4;
  static inline Script script;

  static unsigned cpus() { return script.cpus; }
  static unsigned cpu() { return script.cpu; }
  static machine::Context context() { return script.context; }
  static bool irqs_disabled() { return script.irqs_off > 0; }
  static bool preemptible() { return script.pinned == 0 && script.irqs_off == 0; }
  static machine::IrqState irq_save() {
    const bool off = script.irqs_off++ > 0;
    return off ? machine::IrqState::disabled : machine::IrqState::enabled;
  }
  static void irq_restore(machine::IrqState) { --script.irqs_off; }
  static void preempt_disable() { ++script.pinned; }
  static void preempt_enable() { --script.pinned; }
  static void migrate_disable() { ++script.pinned; }
  static void migrate_enable() { --script.pinned; }
  static bool rt() { return script.rt; }
  static bool smp() { return script.smp; }
  static constexpr bool tells_nmi() { return true; }

  static bool try_lock(machine::Site site, std::uint32_t* word) {
    if (script.rt && script.context >= machine::Context::hardirq) {
      script.violations.push_back("sleeping lock tried in hard interrupt");
    }
    const bool up = !script.smp && !script.rt;
    const bool held = *word != 0;
    if (up && held) script.violations.push_back("UP: trylock of a held lock");
    if ((held && !up) || (script.fail && script.fail(site))) {
      script.causes.push_back(site);
      return false;
    }
    *word = 1;
    ++script.locks_held;
    return true;
  }
  static void lock(machine::Site, std::uint32_t* word) {
    if (script.nolock) script.violations.push_back("nolock operation waits for a lock");
    ANYCTX_CHECK(*word == 0);  // nobody else runs who could release it
    *word = 1;
    ++script.locks_held;
  }
  static void unlock(machine::Site, std::uint32_t* word) {
    *word = 0;
    --script.locks_held;
  }

  static bool local_try_lock(machine::Site site, std::uint32_t* word) {
    if (!(script.fail && script.fail(site)) && Native::local_try_lock(site, word)) return true;
    script.causes.push_back(site);
    return false;
  }

  static bool fails(machine::Site site, bool condition) {
    if (!condition && !(script.fail && script.fail(site))) return false;
    script.causes.push_back(site);
    return true;
  }
  static void probe(machine::Site site) {
    if (script.at_probe) script.at_probe(site);
  }
  template <class Ready>
  static bool spin_until(machine::Site site, Ready is_ready, std::uint64_t time) {
    if (is_ready()) return true;
    if (script.at_spin) script.at_spin(site);
    if (is_ready()) return true;
    script.now = std::max(script.now, time + 1);  // nobody else runs who could make it ready
    return false;
  }
  static std::uint64_t now_ns() { return script.now; }
  static void wake_worker(machine::Site, machine::IrqLine* line) {
    if (script.nolock) script.violations.push_back("nolock operation wakes a worker");
    script.works.push_back(line);
  }
  static void might_sleep(machine::Site) {
    if (script.nolock || script.context != machine::Context::task) {
      script.violations.push_back("sleeps in atomic context");
    }
  }
  static void wake(machine::Site) {
    if (script.nolock) script.violations.push_back("nolock operation wakes a task");
  }
  static void bug(machine::Bug bug, const void*) { script.bugs.push_back(bug); }
};

static_assert(machine::Machine<ScriptedMachine>);

}  // namespace anyctx::test
