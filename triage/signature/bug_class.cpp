#include "triage/signature/bug_class.h"

#include <algorithm>
#include <array>
#include <utility>

namespace anyctx::triage {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

/// By kind, where the kind alone decides.
constexpr std::array<Row, 40> kClasses = {{
    {"overlap", "double-hand-out"},
    {"double-free", "misuse"},
    {"invalid-free", "misuse"},
    {"conservation", "lost-capacity"},
    {"refcount", "accounting"},
    {"counter", "accounting"},
    {"structure", "corruption"},
    {"poison", "corruption"},
    {"content", "corruption"},
    {"zero", "wrong-result"},
    {"lock-state", "context-state"},
    {"deadlock", "deadlock"},
    {"forbidden-action", "forbidden-action"},
    {"sleep-in-atomic", "forbidden-action"},
    {"no-progress", "unbounded-steps"},
    {"timeout", "unbounded-steps"},
    {"spurious-failure", "wrong-result"},
    {"failure-atomicity", "failed-call-changed-state"},
    {"error-code", "wrong-result"},
    {"placement", "wrong-result"},
    {"difference", "wrong-result"},
    {"disagreement", "wrong-result"},
    {"stale-translation", "stale-translation"},
    {"grace-period", "grace-period"},
    {"use-after-free", "use-after-free"},
    {"use-after-destroy", "use-after-free"},
    {"use-after-poison", "use-after-free"},
    {"heap-use-after-free", "use-after-free"},
    {"stack-use-after-scope", "use-after-free"},
    {"stack-use-after-return", "use-after-free"},
    {"heap-buffer-overflow", "out-of-bounds"},
    {"stack-buffer-overflow", "out-of-bounds"},
    {"global-buffer-overflow", "out-of-bounds"},
    {"SEGV", "crash"},
    {"deadly-signal", "crash"},
    {"crash", "crash"},
    {"check", "crash"},
    {"undefined", "undefined-behaviour"},
    {"data-race", "data-race"},
    {"out-of-memory", "out-of-memory"},
}};

constexpr std::array<Row, 19> kMeanings = {{
    {"self-deadlock", "code waits for what the code that it interrupted holds"},
    {"deadlock", "everybody waits"},
    {"unbounded-steps", "something goes on without end, or for longer than its context allows"},
    {"lost-capacity", "memory or objects that nobody has any more"},
    {"double-hand-out", "one piece of memory has two owners"},
    {"failed-call-changed-state", "a failed call left something behind"},
    {"forbidden-action", "waits, sleeps, wakes or notifies where that is not allowed"},
    {"context-state", "locks, interrupts or preemption are not left as they were found"},
    {"stale-translation", "a CPU or a process goes by a mapping that is gone"},
    {"grace-period", "something ended while readers could reach it"},
    {"accounting", "a counter is not what a recount says"},
    {"use-after-free", "memory is used after its end"},
    {"out-of-bounds", "memory is used beyond its bounds"},
    {"corruption", "a structure or a content is not what it was"},
    {"misuse", "something is given back twice, or was never handed out"},
    {"wrong-result", "a call returns what its contract does not allow"},
    {"undefined-behaviour", "the language gives it no meaning"},
    {"data-race", "two accesses without an order between them"},
    {"crash", "the process ended"},
}};

template <std::size_t N>
std::string_view find(const std::array<Row, N>& rows, std::string_view key,
                      std::string_view otherwise) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.first == key; });
  return row == rows.end() ? otherwise : row->second;
}

}  // namespace

std::string_view bug_class(std::string_view kind, std::string_view rule) {
  const bool own = rule.find("of its own") != rule.npos ||
                   rule.find("that it holds") != rule.npos || rule.find("that it has") != rule.npos;
  if (kind == "deadlock" && own) return "self-deadlock";
  return find(kClasses, kind, "other");
}

std::string_view describe_class(std::string_view bug_class) {
  return find(kMeanings, bug_class, "of no class that this version knows");
}

}  // namespace anyctx::triage
