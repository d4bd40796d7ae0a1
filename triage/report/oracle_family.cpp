#include "triage/report/oracle_family.h"

#include <array>
#include <utility>

namespace anyctx::triage {
namespace {

using Row = std::pair<std::string_view, std::string_view>;

// A family may have several rows. What runs on memory of something that was destroyed is seen by
// AddressSanitizer as memory that is used after its end; what a failed call changed and did not
// give back is lost.
constexpr std::array<Row, 31> kRows = {{
    {"use after free (ASan)", "use-after-free"},
    {"use after free (ASan)", "use-after-poison"},
    {"use after free (ASan)", "heap-use-after-free"},
    {"use after free (ASan)", "double-free"},
    {"use after destroy", "use-after-destroy"},
    {"use after destroy", "use-after-poison"},
    {"use after destroy", "use-after-free"},
    {"refcount", "refcount"},
    {"lock state on return", "lock-state"},
    {"deadlock / context rule", "deadlock"},
    {"deadlock / context rule", "forbidden-action"},
    {"sleeping in atomic", "sleep-in-atomic"},
    {"leak / conservation", "conservation"},
    {"leak / conservation", "failure-atomicity"},
    {"accounting / counter drift", "counter"},
    {"overlap / double hand-out", "overlap"},
    {"overlap / double hand-out", "double-free"},
    {"spurious failure", "spurious-failure"},
    {"errno contract", "error-code"},
    {"no progress / lost wakeup", "no-progress"},
    {"no progress / lost wakeup", "timeout"},
    {"stale TLB / user mapping", "stale-translation"},
    {"grace period", "grace-period"},
    {"data race (TSan)", "data-race"},
    {"data loss", "conservation"},
    {"data loss", "difference"},
    {"data loss", "content"},
    {"bad pointer", "SEGV"},
    {"data corruption", "structure"},
    {"data corruption", "content"},
    {"fairness", "placement"},
}};

}  // namespace

bool is_of_family(std::string_view kind, std::string_view family) {
  for (const auto& [name, member] : kRows) {
    if (name == family && member == kind) return true;
  }
  return false;
}

}  // namespace anyctx::triage
