// What a night came to, from its record and what is on the disk.
#include <fmt/format.h>

#include <algorithm>

#include "triage/cli/interrupt.h"
#include "triage/cli/night.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Of a report's bugs; empty without one.
std::set<std::string> bug_keys(const json& report) {
  std::set<std::string> keys;
  if (!report.is_object()) return keys;
  for (const json& bug : report.value("bugs", json::array())) {
    for (const std::string key : bug.value("keys", json::array())) keys.insert(key);
  }
  return keys;
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
  const std::set<std::string> known = bug_keys(last_);
  std::set<std::string> keys;
  for (const std::string& sanitizer : plan_.sanitizers) {
    const auto sorted = findings_.reports().find(sanitizer);
    if (sorted == findings_.reports().end()) continue;
    for (const Bug& bug : sorted->second.bugs) {
      const std::vector<std::string> names = keys_of(bug);
      const auto among = [&](const std::set<std::string>& some) {
        return std::any_of(names.begin(), names.end(),
                           [&](const std::string& name) { return some.contains(name); });
      };
      const bool seen = among(keys);  // another build shows it too
      keys.insert(names.begin(), names.end());
      if (seen) continue;
      report.bugs.push_back({bug, sanitizer, !among(known)});
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
  for (const std::string& key : known) {
    if (!keys.contains(key)) report.gone.push_back(key);
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
