// KUnit tests of a kernel's resilient spinlocks: one task that takes locks one in the other, and
// attempts some that it holds.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/export/kunit_calls.h"
#include "triage/export/kunit_rqspinlock_code.h"
#include "triage/export/kunit_test.h"

namespace anyctx::triage {
namespace {

constexpr std::uint32_t kLocksThereAre = 40;

/// What the test checks.
constexpr std::array<std::string_view, 3> kRulesOfLocks = {
    "an attempt succeeds, finds a deadlock or times out",
    "a lock that this CPU holds or attempts already is a deadlock",
    "an attempt that fails has a cause"};

/// Which locks an operation takes; none: it is not one that takes a few.
std::vector<std::uint32_t> locks_of(const ScenarioStep& step) {
  if (step.operation == "lock") return {step.arg("lock").value};
  if (step.operation == "lock2") return {step.arg("lock").value, step.arg("second").value};
  if (step.operation == "lock3")
    return {step.arg("lock").value, step.arg("second").value, step.arg("third").value};
  return {};
}

/// Empty: an operation that is not a use of locks.
std::string call_of_locks(const ScenarioStep& step) {
  if (step.operation == "lock_many") {
    const std::uint32_t count = std::min(step.arg("count").value, kLocksThereAre);
    return fmt::format("take_many(test, {}, {}, {});", step.arg("lock").value, count,
                       step.arg("again").value % count);
  }
  const std::vector<std::uint32_t> locks = locks_of(step);
  if (locks.empty()) return {};
  const std::string flags = step.operation == "lock3" ? "" : step.arg("flags").text;
  return fmt::format("take(test, (const int[]){{ {} }}, {}, -1, {}, {});", fmt::join(locks, ", "),
                     locks.size(), flags.find("irqsave") != std::string::npos,
                     flags.find("retry") != std::string::npos);
}

KunitTest write_rqspinlock(const Scenario& scenario, const std::string&) {
  KunitTest test;
  test.reasons = obstacles(scenario);
  if (std::string blind = blindness(scenario, kRulesOfLocks); !blind.empty())
    test.reasons.push_back(std::move(blind));
  if (scenario.param("test_and_set").value != 0)
    test.reasons.emplace_back("test_and_set=yes: which kind of lock a kernel has is its own");
  std::string calls;
  for (const ScenarioStep& step : scenario.steps) {
    if (step.is_work() || did_nothing(step)) continue;
    const std::string name = fmt::format("{}: {}", step.where, step.text);
    if (const std::string call = call_of_locks(step); !call.empty()) {
      calls += fmt::format("\t{}\t/* {} */\n", call, name);
    } else if (step.operation == "wait") {
      test.notes.push_back(name + ": left out: nobody else is there");
    } else {
      test.reasons.push_back(
          fmt::format("{} ({}): a kernel does not report misuse of locks", step.where, step.text));
    }
  }
  if (!test.reasons.empty()) return test;
  test.code = std::string(kRqspinlockModel) +
              fmt::format("\nstatic void as_it_was_found(struct kunit *test)\n{{\n{}}}\n", calls);
  test.cases = {"as_it_was_found"};
  test.init = "scenario_init";
  return test;
}

}  // namespace

const KunitTarget kKunitRqspinlock = {"rqspinlock", "kernel/bpf/rqspinlock.c", "kernel/bpf",
                                      "--kconfig_add CONFIG_BPF_SYSCALL=y ", write_rqspinlock};

}  // namespace anyctx::triage
