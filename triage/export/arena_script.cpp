#include "triage/export/arena_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/export/arena_allocation.h"
#include "triage/export/arena_pieces.h"
#include "triage/export/arena_room.h"
#include "triage/export/kunit_calls.h"

namespace anyctx::triage {
namespace {

constexpr std::string_view kAnywhere = "ANYWHERE";
constexpr std::uint32_t kMostNonSleepable = 256;  // pages of one call, see arena_world.cpp
constexpr unsigned kLargeEntries = 3072;          // of extent=large

/// Of such a verdict, that a page is there is not seen.
constexpr std::string_view kReserved = "what is reserved stays reserved until it is freed";

/// What the test checks.
constexpr std::array<std::string_view, 13> kRulesOfArenas = {
    "memory of an arena is page aligned and within its range",
    "memory is where it was asked for",
    "memory that is handed out was free",
    "an allocation that nothing is in the way of, for which there is room, succeeds",
    "a request that makes no sense is refused",
    "a reservation is answered by what it covers",
    "a user gets the page of the slot, or a new one, or a signal for a reason",
    "a user gets no page where it must get a signal",
    "a slot that has a page cannot be handed out again",
    "a call that fails leaves slots as they were",
    "a slot that nobody uses can be allocated and has no page",
    kReserved,
    "slots that were freed late are free at last"};

/// Parameters that a kernel at hand has in its own way.
struct GivenParam {
  std::string_view name;
  std::string_view value;
  std::string_view what;
};
constexpr std::array<GivenParam, 7> kGiven = {
    GivenParam{"rt", "no", "PREEMPT_RT"},
    GivenParam{"smp", "yes", "a kernel without SMP"},
    GivenParam{"cas2", "yes", "a CPU without a double-word compare-and-swap"},
    GivenParam{"page_size", "4k", "pages of 64 KiB"},
    GivenParam{"no_objects", "no", "a kernel that never has an object"},
    GivenParam{"batch", "4", "the length of a batch"},
    GivenParam{"pages", "192", "memory of so many pages"},
};

class ArenaScriptWriter {
 public:
  explicit ArenaScriptWriter(const Scenario& scenario) : scenario_(scenario) {}

  ArenaScript write() {
    read_verdict();
    read_params();
    room_ = ArenaRoom(script_.entries);
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) add_step(i);
    return std::move(script_);
  }

 private:
  void refuse(std::string reason) {
    if (std::ranges::find(script_.reasons, reason) == script_.reasons.end())
      script_.reasons.push_back(std::move(reason));
  }

  void refuse(const ScenarioStep& step, std::string_view what) {
    refuse(fmt::format("{} ({})", what, step.is_work() ? step.where : step.text));
  }

  void read_verdict() {
    if (!scenario_.verdict) return refuse("what only a sanitizer sees");
    if (std::string blind = blindness(scenario_, kRulesOfArenas); !blind.empty())
      refuse(std::move(blind));
    if (scenario_.verdict->rule == kReserved && scenario_.verdict->kind != "conservation")
      refuse("a page where one is reserved");
  }

  std::string param(std::string_view name) const { return scenario_.param(name).text; }

  void read_params() {
    for (const GivenParam& given : kGiven) {
      if (param(given.name) != given.value)
        refuse(fmt::format("{} ({}={})", given.what, given.name, param(given.name)));
    }
    if (param("extent") == "4g") refuse("an arena of 4 GiB (a test would fill it)");
    script_.entries = param("extent") == "large" ? kLargeEntries : scenario_.param("entries").value;
    script_.placed = param("placed") == "yes";
    script_.segv = param("segv") == "yes";
    script_.base = static_cast<ArenaScript::Base>(scenario_.param("base").value);
    script_.mapped = script_.entries;
    const std::string mapping = param("mapping");
    if (!script_.placed && mapping == "shorter") script_.mapped = (script_.entries + 1) / 2;
    if (!script_.placed && mapping == "longer") refuse("a mapping that is longer than the arena");
    if (mapping == "none") refuse("an arena that no process has mapped");
  }

  void add_step(std::size_t index) {
    const ScenarioStep& step = scenario_.steps[index];
    if (step.is_work()) return add_work(step);
    const bool is_idle = step.result && step.result->outcome == "nothing to do";
    for (const ScenarioDecision& decision : step.decisions) {
      if (!decision.outcome.starts_with("fail"))
        refuse(fmt::format("an interleaving at a chosen place ({} {}#{}: {})", step.where,
                           decision.point, decision.occurrence, decision.outcome));
    }
    if (step.context != "task" || step.within)
      return refuse(step, "an interrupt, NMI or re-entry at a chosen place");
    if (has_company_of_tasks(index)) refuse(step, "a call while another one is in progress");
    if (!step.failures.empty() && step.decisions.empty())
      refuse(step, fmt::format("memory that runs out by itself at {}", step.failures[0].point));
    if (is_idle) return;
    if (is_unsettled()) refuse(step, "a call before deferred work");
    add_call(step);
  }

  /// Work runs beside everything, in a kernel too.
  bool has_company_of_tasks(std::size_t index) const {
    const ScenarioStep& one = scenario_.steps[index];
    return std::ranges::any_of(scenario_.steps, [&](const ScenarioStep& other) {
      return &other != &one && !other.is_work() && !other.within && other.begin <= one.end &&
             one.begin <= other.end;
    });
  }

  /// An irq_work starts the worker, which frees.
  void add_work(const ScenarioStep& step) {
    for (const ScenarioDecision& decision : step.decisions) {
      const bool fails = decision.outcome.starts_with("fail");
      if (!fails || !step.lane.starts_with("worker"))
        refuse(step, fmt::format("a decision within deferred work, {}: {}", decision.point,
                                 decision.outcome));
    }
    if (!step.failures.empty() && step.decisions.empty())
      refuse(step, fmt::format("memory that runs out by itself at {}", step.failures[0].point));
    if (!step.lane.starts_with("worker")) return;
    if (!is_unsettled()) return refuse(step, "deferred work that comes late");
    ArenaCall call;
    call.kind = ArenaCall::Kind::settle;
    call.text = "the arena's worker frees";
    starve(step, call, deferred_splits_ ? kOnlySplit : kOnlyNew);
    script_.calls.push_back(std::move(call));
  }

  /// The last call left something to the worker. In a kernel it comes soon.
  bool is_unsettled() const {
    if (script_.calls.empty()) return false;
    const ArenaCall& last = script_.calls.back();
    return last.kind == ArenaCall::Kind::release && !last.sleepable;
  }

  void add_call(const ScenarioStep& step) {
    ArenaCall call;
    call.text = step.text;
    call.sleepable = !step.operation.ends_with("_non_sleepable");
    if (step.operation.starts_with("alloc_pages")) {
      allocate(step, call);
    } else if (step.operation.starts_with("free_pages")) {
      release_piece(step, call);
    } else if (step.operation.starts_with("free_range")) {
      call.kind = ArenaCall::Kind::release;
      read_range(step, call);
      room_.give(slot_number(step), call.count);
    } else if (step.operation == "reserve_pages") {
      reserve(step, call);
    } else if (step.operation == "touch") {
      touch(step, call);
    } else {
      return refuse(step, "a call that this form does not write");
    }
    script_.calls.push_back(std::move(call));
  }

  /// With no memory at all, the first allocation of a call fails, and so no other one comes.
  void starve(const ScenarioStep& step, ArenaCall& call, const ArenaAllocation& first) {
    if (step.decisions.empty() || !step.decisions[0].outcome.starts_with("fail")) return;
    call.starved = true;
    const ScenarioDecision& decision = step.decisions[0];
    const bool fails = !step.result || step.result->outcome == "failed";
    if (first.is(decision.point) && decision.occurrence == 1) return;
    if (first.contains(decision.point) && fails) return;
    refuse(step, fmt::format("a failure that lack of memory alone does not bring about, {}#{}",
                             decision.point, decision.occurrence));
  }

  std::uint32_t count_of(const ScenarioStep& step) {
    const std::uint32_t count = step.arg("count").value;
    if (count == 0) refuse(step, "a count of 0");
    return flags_of(step).find("whole") == std::string::npos ? count : count + script_.mapped;
  }

  std::string flags_of(const ScenarioStep& step) {
    const NamedValue& flags = step.arg("flags");
    return flags.value == 0 ? "" : "|" + flags.text + "|";
  }

  void check_flags(const ScenarioStep& step) {
    std::string rest = flags_of(step);
    for (const std::string_view known : {"from_end|", "whole|", "write|"}) {
      const std::size_t at = rest.find(known);
      if (at != std::string::npos) rest.erase(at, known.size());
    }
    if (rest.size() > 1)
      refuse(step, fmt::format("flags that this form does not write: {}",
                               rest.substr(1, rest.size() - 2)));
  }

  std::int64_t slot_number(const ScenarioStep& step, std::string_view name = "page") {
    const std::int64_t page = step.arg(name).value;
    return flags_of(step).find("from_end") == std::string::npos ? page : script_.mapped - page;
  }

  /// The place and the count of an operation that has both.
  void read_range(const ScenarioStep& step, ArenaCall& call) {
    check_flags(step);
    call.slot = fmt::format("{}", slot_number(step));
    call.count = count_of(step);
    if (slot_number(step) < 0) refuse(step, "a place before the arena");
    if (call.kind == ArenaCall::Kind::release) starve_release(step, call, slot_number(step));
  }

  void allocate(const ScenarioStep& step, ArenaCall& call) {
    call.kind = ArenaCall::Kind::allocate;
    check_flags(step);
    if (step.arg("node").value != 2) refuse(step, "a node that is chosen");
    call.count = count_of(step);
    if (!call.sleepable && call.count <= script_.mapped)
      call.count = std::min(call.count, kMostNonSleepable);
    const bool anywhere = step.arg("at").value == 1u << 20;
    call.slot = anywhere ? kAnywhere : fmt::format("{}", slot_number(step, "at"));
    if (!anywhere && slot_number(step, "at") < 0) refuse(step, "a place before the arena");
    starve(step, call, kArray);
    call.result = pieces_.fresh_name(step.slot);
    if (!step.result || step.result->outcome != "done") return;
    const auto first = static_cast<std::uint32_t>(step.result->value);
    pieces_.push(step.slot, {call.result, first, 0, call.count});
    room_.take(first, call.count);
  }

  void release_piece(const ScenarioStep& step, ArenaCall& call) {
    call.kind = ArenaCall::Kind::release;
    check_flags(step);
    const ArenaPiece piece =
        pieces_.take(step.arg("memory").text, step.arg("skip").value, step.arg("count").value);
    if (piece.count == 0) return refuse(step, "memory whose origin is not in the story");
    call.slot = piece.text();
    call.memory = piece.name;
    call.count = piece.count;
    starve_release(step, call, piece.first + piece.skip);
    room_.give(piece.first + piece.skip, piece.count);
  }

  void starve_release(const ScenarioStep& step, ArenaCall& call, std::int64_t slot) {
    const bool splits = room_.is_within_run(slot, call.count);
    if (!call.sleepable) deferred_splits_ = splits;
    starve(step, call, !call.sleepable ? kRecord : splits ? kOnlySplit : kOnlyNew);
  }

  void reserve(const ScenarioStep& step, ArenaCall& call) {
    call.kind = ArenaCall::Kind::reserve;
    read_range(step, call);
    starve(step, call, kOnlySplit);
    if (step.result && step.result->outcome == "done") room_.take(slot_number(step), call.count);
  }

  void touch(const ScenarioStep& step, ArenaCall& call) {
    call.kind = ArenaCall::Kind::touch;
    check_flags(step);
    if (step.arg("process").value != 0) refuse(step, "another process");
    const std::int64_t slot = slot_number(step);
    if (slot < 0 || slot >= script_.mapped) refuse(step, "an access outside the mapping");
    call.slot = fmt::format("{}", slot);
    call.write = flags_of(step).find("|write|") != std::string::npos;
    starve(step, call, room_.is_within_run(slot, 1) ? kSplitForPage : kPage);
    if (step.result && step.result->outcome == "done") room_.take(slot, 1);
  }

  const Scenario& scenario_;
  ArenaScript script_;
  ArenaPieces pieces_;
  ArenaRoom room_;
  bool deferred_splits_ = false;  // the last free that was left to the worker frees what is free
};

}  // namespace

bool ArenaScript::has(ArenaCall::Kind kind) const {
  return std::ranges::find(calls, kind, &ArenaCall::kind) != calls.end();
}

bool ArenaScript::has(ArenaCall::Kind kind, bool sleepable) const {
  return std::ranges::any_of(calls, [&](const ArenaCall& call) {
    return call.kind == kind && call.sleepable == sleepable;
  });
}

bool ArenaScript::is_starved() const {
  return std::ranges::find(calls, true, &ArenaCall::starved) != calls.end();
}

bool ArenaScript::is_starved(ArenaCall::Kind kind) const {
  return std::ranges::any_of(
      calls, [&](const ArenaCall& call) { return call.kind == kind && call.starved; });
}

ArenaScript arena_script(const Scenario& scenario) {
  return ArenaScriptWriter(scenario).write();
}

}  // namespace anyctx::triage
