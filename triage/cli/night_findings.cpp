#include "triage/cli/night_findings.h"

#include "triage/cli/pile.h"
#include "triage/cli/sorting.h"
#include "triage/cli/triage_command.h"

namespace anyctx::triage {

namespace fs = std::filesystem;

NightFindings::NightFindings(const Installation& installation, fs::path folder,
                             std::vector<std::string> sanitizers)
    : installation_(installation), folder_(std::move(folder)), sanitizers_(std::move(sanitizers)) {
  for (const std::string& sanitizer : sanitizers_) fs::create_directories(pile(sanitizer));
}

fs::path NightFindings::pile(const std::string& sanitizer) const {
  return folder_ / "findings" / sanitizer;
}

void NightFindings::added(const std::string& sanitizer, const std::string& key,
                          const std::string& file) {
  if (++kept_[sanitizer][key] > kKept) {
    std::error_code none;
    fs::remove(pile(sanitizer) / file, none);
    return;
  }
  grown_[sanitizer] = true;
}

void NightFindings::sort(Progress& progress, bool all, std::chrono::seconds time) {
  for (const std::string& sanitizer : sanitizers_) {
    if (!all && !grown_[sanitizer]) continue;
    if (pile_of(pile(sanitizer)).empty()) continue;
    SortingPlan plan;
    plan.folder = pile(sanitizer);
    plan.report = folder_ / "triage" / sanitizer;
    plan.sanitizer = sanitizer;
    plan.time = time;
    fs::create_directories(plan.report);
    TriageReport report = Sorting(installation_, plan, progress).run();
    save_triage(report, plan.report);
    reports_[sanitizer] = std::move(report);
    grown_[sanitizer] = false;
  }
}

}  // namespace anyctx::triage
