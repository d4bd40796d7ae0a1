#include "triage/report/night_report.h"

#include <algorithm>

#include "triage/report/campaign_report.h"
#include "triage/report/exit_code.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

bool any(const json& counts) {
  return std::any_of(counts.begin(), counts.end(), [](const json& count) { return count != 0; });
}

template <class Wanted>
std::vector<std::string> points_that(const NightTarget& target, Wanted wanted) {
  std::vector<std::string> names;
  for (const json& point : target.exercised.at("points")) {
    if (wanted(point)) names.push_back(point.at("name"));
  }
  return names;
}

json to_json(const NightCellReport& cell) {
  return {{"name", cell.name},         {"target", cell.target},
          {"engine", cell.engine},     {"sanitizer", cell.sanitizer},
          {"seconds", cell.seconds},   {"personality", cell.personality},
          {"coverage", cell.coverage}, {"executions", cell.executions},
          {"findings", cell.findings}, {"not_run", cell.not_run}};
}

json to_json(const NightBug& entry) {
  const Bug& bug = entry.bug;
  return {{"name", bug.name},
          {"key", bug.signature.key},
          {"keys", keys_of(bug)},
          {"kind", bug.signature.kind},
          {"class", bug.signature.bug_class},
          {"headline", bug.signature.headline},
          {"target", bug.target},
          {"sanitizer", entry.sanitizer},
          {"new", entry.is_new},
          {"inputs", bug.inputs},
          {"replays", bug.replays},
          {"same", bug.same},
          {"before", bug.before},
          {"after", bug.after},
          {"program", bug.program},
          {"replay", bug.replay},
          {"like", bug.like}};
}

json samples_of(const NightRecord& record) {
  json samples = json::array();
  for (const NightSample& s : record.samples())
    samples.push_back({{"t", s.t},
                       {"executions", s.executions},
                       {"coverage", s.coverage},
                       {"points", s.points},
                       {"corpus", s.corpus},
                       {"findings", s.findings}});
  return samples;
}

json sweeps_of(const NightRecord& record) {
  json sweeps = json::array();
  for (const NightSweep& s : record.sweeps())
    sweeps.push_back({{"t", s.t},
                      {"seconds", s.seconds},
                      {"target", s.target},
                      {"programs", s.programs},
                      {"runs", s.runs},
                      {"findings", s.findings},
                      {"complete", s.complete},
                      {"failure", s.failure}});
  return sweeps;
}

json distillations_of(const NightRecord& record) {
  json list = json::array();
  for (const NightDistillation& d : record.distillations())
    list.push_back(
        {{"target", d.target}, {"before", d.before}, {"after", d.after}, {"failure", d.failure}});
  return list;
}

json remarks_of(const NightRecord& record) {
  json list = json::array();
  for (const NightRemark& remark : record.remarks())
    list.push_back({{"t", remark.t}, {"text", remark.text}});
  return list;
}

json findings_of(const std::vector<NightFinding>& findings) {
  json list = json::array();
  for (const NightFinding& f : findings)
    list.push_back({{"t", f.t}, {"key", f.key}, {"headline", f.headline}, {"cell", f.cell}});
  return list;
}

bool ran(const NightReport& report, const std::string& target) {
  return std::any_of(report.cells.begin(), report.cells.end(), [&](const NightCellReport& cell) {
    return cell.target == target && cell.not_run.empty();
  });
}

}  // namespace

std::vector<std::string> never_reached(const NightTarget& target) {
  return points_that(target, [](const json& point) { return !any(point.at("reached")); });
}

std::vector<std::string> never_failed(const NightTarget& target) {
  return points_that(target, [](const json& point) {
    return point.at("may_fail").get<bool>() && any(point.at("reached")) &&
           !any(point.at("injected")) && !any(point.at("failed"));
  });
}

std::vector<std::string> newly_reached(const NightReport& report, const NightTarget& target) {
  std::vector<std::string> names;
  if (!report.last.is_object()) return names;
  const std::vector<std::string> now = never_reached(target);
  for (const json& before : report.last.value("targets", json::array())) {
    if (before.value("target", "") != target.target) continue;
    for (const std::string name : before.value("never_reached", json::array())) {
      if (std::find(now.begin(), now.end(), name) == now.end()) names.push_back(name);
    }
  }
  return names;
}

std::vector<std::string> proved_nothing(const NightReport& report) {
  std::vector<std::string> reasons;
  for (const NightTarget& target : report.targets) {
    const bool found = std::any_of(report.bugs.begin(), report.bugs.end(), [&](const NightBug& b) {
      return b.bug.target.find(target.target) != std::string::npos;
    });
    if (found) continue;
    if (ran(report, target.target)) {
      TargetReport whole;
      whole.exercised = target.exercised;
      if (const std::string why = proved_nothing(whole); !why.empty())
        reasons.push_back(target.target + ": " + why);
      continue;
    }
    for (const NightCellReport& cell : report.cells) {
      if (cell.target != target.target || cell.not_run.starts_with("there was no time")) continue;
      reasons.push_back(cell.name + ": " + cell.not_run);
      break;
    }
  }
  return reasons;
}

int exit_code(const NightReport& report) {
  bool any_bug = !report.unreplayed.empty();
  bool only_timeouts = report.unreplayed.empty();
  for (const NightBug& entry : report.bugs) {
    if (report.known_is_clean && !entry.is_new) continue;
    any_bug = true;
    only_timeouts = only_timeouts && entry.bug.signature.kind == "timeout";
  }
  if (any_bug) return only_timeouts ? kExitTimeout : kExitBug;
  return proved_nothing(report).empty() ? kExitClean : kExitSetup;
}

json to_json(const NightReport& report) {
  json cells = json::array();
  json targets = json::array();
  json bugs = json::array();
  for (const NightCellReport& cell : report.cells) cells.push_back(to_json(cell));
  for (const NightTarget& target : report.targets)
    targets.push_back({{"target", target.target},
                       {"corpus", target.corpus},
                       {"executions", target.exercised.at("executions")},
                       {"points", target.exercised.at("points").size()},
                       {"never_reached", never_reached(target)},
                       {"never_failed", never_failed(target)},
                       {"newly_reached", newly_reached(report, target)},
                       {"exercised", target.exercised}});
  for (const NightBug& bug : report.bugs) bugs.push_back(to_json(bug));
  const NightRecord& record = report.record;
  return {{"command", "campaign"},
          {"version", 1},
          {"night", record.number()},
          {"started", record.started()},
          {"budget", record.budget()},
          {"seconds", record.spent()},
          {"jobs", report.jobs},
          {"resumed", record.resumed()},
          {"interrupted", report.interrupted},
          {"executions", record.executions()},
          {"slices", record.slices().size()},
          {"cells", std::move(cells)},
          {"targets", std::move(targets)},
          {"bugs", std::move(bugs)},
          {"unreplayed", findings_of(report.unreplayed)},
          {"findings", findings_of(record.findings())},
          {"gone", report.gone},
          {"sweeps", sweeps_of(record)},
          {"distilled", distillations_of(record)},
          {"remarks", remarks_of(record)},
          {"proved_nothing", proved_nothing(report)},
          {"samples", samples_of(record)},
          {"exit", exit_code(report)}};
}

}  // namespace anyctx::triage
