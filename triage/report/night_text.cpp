// The night report for a terminal and a log.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "triage/report/line_plot.h"
#include "triage/report/night_report.h"
#include "triage/report/quantity.h"

namespace anyctx::triage {
namespace {

std::string bug_text(const NightBug& entry) {
  const Bug& bug = entry.bug;
  return fmt::format("  {}  {}\n      target {}, {}, {}/{} replays the same, {}\n      {}\n",
                     entry.is_new ? "NEW  " : "known", bug.signature.headline, bug.target,
                     count(bug.inputs.size(), "input"), bug.same, bug.replays, bug.after,
                     bug.replay);
}

std::string target_text(const NightReport& report, const NightTarget& target) {
  const std::size_t points = target.exercised.at("points").size();
  const auto unreached = never_reached(target);
  const auto fresh = newly_reached(report, target);
  std::string text = fmt::format("  {:<12} {:>8} runs  {}/{} points  corpus {}", target.target,
                                 short_number(target.exercised.at("executions").get<double>()),
                                 points - unreached.size(), points, target.corpus);
  if (target.exercised.contains("compared"))
    text +=
        fmt::format("  {} operations compared with ours",
                    short_number(target.exercised.at("compared").at("operations").get<double>()));
  if (!fresh.empty()) text += fmt::format("  newly reached {}", fmt::join(fresh, " "));
  return text + "\n";
}

/// The first few; the page has all of them.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kSome = 5;
  if (names.size() <= kSome + 1) return fmt::format("{}", fmt::join(names, " "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kSome, " "),
                     names.size() - kSome);
}

std::string not_exercised(const NightReport& report) {
  std::string text;
  for (const NightTarget& target : report.targets) {
    const auto unreached = never_reached(target);
    const auto unfailed = never_failed(target);
    if (!unreached.empty())
      text += fmt::format("  {}: never reached {}\n", target.target, some_of(unreached));
    if (!unfailed.empty())
      text += fmt::format("  {}: never failed {}\n", target.target, some_of(unfailed));
  }
  std::map<std::string, std::vector<std::string>> cells;  // by reason
  for (const NightCellReport& cell : report.cells) {
    if (!cell.not_run.empty()) cells[cell.not_run].push_back(cell.name);
  }
  for (const auto& [reason, names] : cells)
    text += fmt::format("  not run, {}: {}\n", reason, some_of(names));
  return text;
}

std::string sweeps_text(const NightRecord& record) {
  std::uint64_t programs = 0;
  std::uint64_t runs = 0;
  std::size_t whole = 0;
  for (const NightSweep& sweep : record.sweeps()) {
    programs += sweep.programs;
    runs += sweep.runs;
    if (sweep.complete) ++whole;
  }
  if (record.sweeps().empty()) return {};
  return fmt::format("sweeps: {} new inputs, {} runs, {} of {} sweeps complete\n", programs, runs,
                     whole, record.sweeps().size());
}

}  // namespace

std::string to_text(const NightReport& report) {
  const NightRecord& record = report.record;
  const auto fresh = std::count_if(report.bugs.begin(), report.bugs.end(),
                                   [](const NightBug& bug) { return bug.is_new; });
  std::string text = fmt::format(
      "night {} of {}: {} of {}, {} runs in {}, {}, {} new{}{}\n", record.number(),
      record.started(), short_time(record.spent()), short_time(record.budget()),
      record.executions(), count(record.slices().size(), "slice"), count(report.bugs.size(), "bug"),
      fresh,
      record.resumed().empty() ? std::string()
                               : fmt::format(", resumed {} times", record.resumed().size()),
      report.interrupted ? ", interrupted: the same command goes on" : "");
  for (const NightBug& bug : report.bugs) text += bug_text(bug);
  for (const NightFinding& finding : report.unreplayed)
    text += fmt::format("  seen in {}, {}: {}\n", finding.cell,
                        report.interrupted ? "not sorted yet" : "but no new process shows it",
                        finding.headline);
  for (const std::string& key : report.gone) text += fmt::format("  gone   {}\n", key);
  text += "targets\n";
  for (const NightTarget& target : report.targets) text += target_text(report, target);
  text += sweeps_text(record);
  if (const std::string gaps = not_exercised(report); !gaps.empty())
    text += "not exercised\n" + gaps;
  for (const std::string& reason : proved_nothing(report))
    text += fmt::format("proved nothing about {}\n", reason);
  for (const NightRemark& remark : record.remarks())
    text += fmt::format("at {}: {}\n", short_time(remark.t), remark.text);
  return text;
}

}  // namespace anyctx::triage
