// What a night came to, from its record and what is on the disk.
#include <fmt/format.h>

#include <algorithm>

#include "triage/cli/interrupt.h"
#include "triage/cli/night.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const json& bugs_of(const json& report) {
  static const json none = json::array();
  return report.is_object() && report.contains("bugs") ? report.at("bugs") : none;
}

std::set<std::string> keys_of(const json& bug) {
  std::set<std::string> keys;
  for (const json& key : bug.value("keys", json::array())) keys.insert(key.get<std::string>());
  return keys;
}

bool meet(const std::set<std::string>& some, const std::set<std::string>& others) {
  return std::any_of(some.begin(), some.end(),
                     [&](const std::string& key) { return others.contains(key); });
}

}  // namespace

NightCellReport Night::report_of(const NightCell& cell) const {
  NightCellReport report;
  report.name = cell.name();
  report.target = cell.target;
  report.engine = cell.engine;
  report.sanitizer = cell.sanitizer;
  report.personality = cell.personality;
  bool ran = false;
  std::string failure = "there was no time for it";
  for (const NightSlice& slice : log_.record().slices()) {
    if (slice.cell != report.name) continue;
    ran = ran || slice.failure.empty();
    if (!slice.failure.empty()) failure = slice.failure;
    report.seconds += slice.seconds;
    report.executions += slice.executions;
    report.coverage = std::max(report.coverage, slice.coverage);
  }
  for (const NightFinding& finding : log_.record().findings()) {
    if (finding.cell.ends_with(report.name)) ++report.findings;
  }
  if (!ran) report.not_run = failure;
  return report;
}

NightTarget Night::report_of(const std::string& target) const {
  std::vector<fs::path> files;
  for (const NightSlice& slice : log_.record().slices()) {
    const NightCell* cell = find_cell(slice.cell);
    if (cell == nullptr || cell->target != target) continue;
    const fs::path file = folder_of(slice.number, *cell) / "exercised.json";
    if (fs::exists(file)) files.push_back(file);
  }
  return {target, merged_stats(installation_, target, files), corpus_.size(target)};
}

void Night::report_bugs(NightReport& report) const {
  std::set<std::string> known;
  for (const json& bug : bugs_of(last_)) known.merge(keys_of(bug));
  std::set<std::string> keys;
  for (const std::string& sanitizer : plan_.sanitizers) {
    const auto sorted = findings_.reports().find(sanitizer);
    if (sorted == findings_.reports().end()) continue;
    for (const Bug& bug : sorted->second.bugs) {
      const std::vector<std::string> list = triage::keys_of(bug);
      const std::set<std::string> names(list.begin(), list.end());
      const bool seen = meet(names, keys);  // another build shows it too
      keys.insert(names.begin(), names.end());
      if (seen) continue;
      report.bugs.push_back({bug, sanitizer, !meet(names, known)});
      report.bugs.back().bug.is_new = report.bugs.back().is_new;
    }
  }
  std::vector<NightBug> ordered;  // each half as it was: the worst first
  for (const bool fresh : {true, false}) {
    for (const NightBug& bug : report.bugs) {
      if (bug.is_new == fresh) ordered.push_back(bug);
    }
  }
  report.bugs = std::move(ordered);
  for (const NightFinding& finding : log_.record().findings()) {
    if (!keys.contains(finding.key)) report.unreplayed.push_back(finding);
  }
  if (report.interrupted) return;  // not everything was looked at
  for (const json& bug : bugs_of(last_)) {
    if (!meet(keys_of(bug), keys)) report.gone.push_back(bug.value("headline", ""));
  }
}

NightReport Night::report() const {
  NightReport report;
  report.record = log_.record();
  report.jobs = plan_.jobs;
  report.interrupted = interrupts() > 0;
  report.known_is_clean = plan_.known_is_clean;
  report.last = last_;
  std::set<std::string> targets;
  for (const NightCell& cell : cells_) {
    report.cells.push_back(report_of(cell));
    if (targets.insert(cell.target).second) report.targets.push_back(report_of(cell.target));
  }
  report_bugs(report);
  return report;
}

}  // namespace anyctx::triage
