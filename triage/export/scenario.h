// Scenario: what happened in a run, as data for who writes it down in another form: calls in the
// order in which they began, with arguments by name, results, what was decided in each, and what
// interrupted what.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/ops/schema.h"

namespace anyctx::triage {

/// A parameter of the program, or an argument of an operation.
struct NamedValue {
  std::string name;         // "limit", "start"
  std::uint32_t value = 0;  // slots: 0 is a
  std::string text;         // as programs have it: "64", "no", "zero|account", "a"
  bool is_slot = false;     // a place of results
};

/// "At the `occurrence`-th visit of `point` in this call: `outcome`."
struct ScenarioDecision {
  std::string point;        // "range_tree.split"
  unsigned occurrence = 0;  // from 1
  std::string outcome;      // "fail", "fail sticky", "nmi0", "run task1", "migrate cpu1", ...
  unsigned time = 0;
};

struct ScenarioResult {
  std::string outcome;     // "done", "failed", "nothing to do"
  std::int64_t value = 0;  // what the target says of it: a size, an index, a negative errno
  std::string error;       // "ENOMEM", if it is one
};

/// A point at a time.
struct ScenarioMoment {
  std::string point;
  unsigned time = 0;
};

/// One call of an operation, or deferred work that ran.
struct ScenarioStep {
  std::string where;      // "task0.1", "nmi0/1.0" (entered for the second time), "work0.0"
  std::string lane;       // "task0", "nmi0", "irq1", "softirq0", "reentry0", "work0", "worker1"
  std::string context;    // "task", "softirq", "hardirq", "nmi"
  std::string operation;  // empty: deferred work
  std::string text;       // "a = kmalloc(1024)"
  std::string slot;       // "a": where its result goes; empty: it has none
  std::vector<NamedValue> args;
  std::optional<ScenarioResult> result;  // none: the run ended within it
  std::vector<ScenarioDecision> decisions;
  std::vector<ScenarioMoment> failures;  // that were not decided: a condition held
  std::vector<ScenarioMoment> locks;     // that it took
  std::optional<std::size_t> takes;      // the step whose result it takes from a slot
  std::optional<std::size_t> within;     // the step that it interrupted
  std::string entered_at;                // the point there, if that was decided: "op.begin"
  unsigned cpu = 0;
  unsigned depth = 0;  // levels of nesting: 1 is a task; a handler is one, and a call in it
  // Times are numbers of events; `end` of a step that did not end is behind all others.
  unsigned begin = 0;
  unsigned end = 0;

  /// Requires an argument of that name.
  const NamedValue& arg(std::string_view name) const;
  bool is_work() const { return operation.empty(); }
};

/// Of a run that a sanitizer ended there is none.
struct ScenarioVerdict {
  std::string kind;  // "failure-atomicity"
  std::string rule;
  std::string expected;
  std::string found;
  std::optional<std::size_t> step;  // where it was seen; none: while setting up, or at the end
};

struct Scenario {
  std::string target;
  std::vector<NamedValue> params;
  std::vector<ScenarioStep> steps;  // by begin
  std::optional<ScenarioVerdict> verdict;

  /// Requires a parameter of that name.
  const NamedValue& param(std::string_view name) const;
};

/// Of what `anyctx-run story` prints of a run (see fuzzers/run/story_json.cpp). `schema` is its
/// target's. Throws nlohmann::json::exception.
Scenario scenario_of(const nlohmann::json& story, const program::Schema& schema);

/// Whether a step interrupted another one, or one that interrupted that.
bool is_nested(const Scenario& scenario, std::size_t inner, std::size_t outer);

/// Whether another step was under way while this one was, and neither is nested in the other.
bool has_company(const Scenario& scenario, std::size_t step);

}  // namespace anyctx::triage
