#include "triage/report/sweep_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "triage/report/quantity.h"
namespace anyctx::triage {
namespace {

using nlohmann::json;

struct CategoryRow {
  std::string_view category;
  std::string_view what;
};
constexpr CategoryRow kCategoryRows[] = {
    {"sticky", "failures that stay"},         {"transient", "failures, once"},
    {"nmi", "handlers, as an NMI"},           {"reentry", "handlers, as re-entry"},
    {"irq", "handlers, as an interrupt"},     {"softirq", "handlers, as a softirq"},
    {"switched", "switches to another task"}, {"migrated", "migrations"},
    {"delayed", "delays of deferred work"},   {"frozen", "CPUs standing still"},
};

bool is_whole(const SweepTotals& totals) {
  return totals.batches_done == totals.batches;
}

std::string count_text(const SweepCount& count) {
  const std::uint64_t all = count.visited + count.not_taken + count.equal;
  std::string text = fmt::format("{}/{}", grouped(count.visited + count.equal), grouped(all));
  if (count.equal != 0)
    text += fmt::format(
        "; {} of them not run: what failed is never asked again, so that it is the "
        "same run as with a failure that stays",
        grouped(count.equal));
  if (count.not_taken != 0)
    text += fmt::format("; {} not taken: with its handler, the program does not come there",
                        grouped(count.not_taken));
  return text;
}

std::string schedules_text(const SweepTotals& totals) {
  std::string text;
  for (std::size_t i = 0; i < totals.schedules.size(); ++i) {
    const SweepCount& count = totals.schedules[i];
    const std::uint64_t all = count.visited + count.not_taken + count.equal;
    if (all == 0) continue;
    const std::string what = fmt::format("schedules, {} switch{}", i + 1, i == 0 ? "" : "es");
    text += fmt::format("  {:<26}{}/{}", what, grouped(count.visited + count.equal), grouped(all));
    if (count.equal != 0)
      text += fmt::format("; {} of them not run, nor what is below: the same as a later switch",
                          grouped(count.equal));
    if (count.not_taken != 0) text += fmt::format("; {} not taken", grouped(count.not_taken));
    text += "\n";
  }
  return text;
}

std::string left_out_text(const SweepTotals& totals) {
  std::string text;
  const auto line = [&](std::uint64_t count, std::string_view what) {
    if (count != 0) text += fmt::format("  left out    {} {}\n", grouped(count), what);
  };
  line(totals.visits_left_out,
       "visits of points that one operation visits very often: the middle ones (--occurrences 0 "
       "visits all)");
  line(totals.no_lane,
       "nested operations, where a program has no handler, task or second CPU left for them");
  line(totals.nothing_to_act_on,
       "nested operations, where there is nothing that they could act on");
  line(totals.full, "programs that have no room for another decision");
  if (!is_whole(totals))
    line(totals.batches - totals.batches_done,
         fmt::format("of {} batches: there was no time for them", grouped(totals.batches)));
  return text;
}

std::string pairs_text(const SweepTotals& totals) {
  if (totals.pairs_possible == 0) return {};
  const std::uint64_t run = totals.pairs.visited + totals.pairs.not_taken;
  std::string text = fmt::format("  {:<26}{}/{}{}", "pairs of decisions", grouped(run),
                                 grouped(totals.pairs_possible),
                                 run < totals.pairs_possible ? " (the budget; evenly spread)" : "");
  if (totals.pairs.not_taken != 0)
    text +=
        fmt::format("; {} whose second decision was not taken", grouped(totals.pairs.not_taken));
  return text + "\n";
}

std::string never_reached(const SweepTotals& totals) {
  std::string names;
  unsigned count = 0;
  for (const auto& [name, reached] : totals.reached) {
    if (reached != 0) continue;
    names += " " + name;
    ++count;
  }
  if (count == 0) return fmt::format("  every one of {} points reached\n", totals.reached.size());
  return fmt::format("  never reached {} of {} points:{}\n", count, totals.reached.size(), names);
}

std::string compared_line(const SweepTotals& totals) {
  const std::uint64_t all = totals.compared + totals.not_compared;
  if (all == 0) return {};
  return fmt::format(
      "  compared with ours        {} of {} operations; others are exempt, or behind the end of "
      "what can be compared\n",
      grouped(totals.compared), grouped(all));
}

std::string steps_text(const SweepTotals& totals) {
  std::string text;
  for (const auto& [name, steps] : totals.steps)
    text += fmt::format("{} {} {}/{}", text.empty() ? "" : ",", name, grouped(steps.most),
                        grouped(steps.bound));
  if (text.empty()) return {};
  return fmt::format("  most own steps of a nolock operation/its bound:{}\n", text);
}

std::string totals_text(const std::string& target, const SweepTotals& totals) {
  if (totals.units == 0 && totals.runs == 0)
    return fmt::format("{}: {} programs, and nothing to try: there is one run of each\n", target,
                       grouped(totals.programs));
  const std::string schedules = schedules_text(totals);
  std::string text = fmt::format("{}: {} programs, ", target, grouped(totals.programs));
  if (schedules.empty())
    text += fmt::format("{} visits of points, {} placements, ", grouped(totals.places),
                        grouped(totals.units));
  text += fmt::format("{} runs\n", grouped(totals.runs));
  for (const CategoryRow& row : kCategoryRows) {
    const auto count = totals.categories.find(std::string(row.category));
    if (count == totals.categories.end()) continue;
    const SweepCount& c = count->second;
    if (c.visited + c.not_taken + c.equal == 0) continue;
    text += fmt::format("  {:<26}{}\n", row.what, count_text(c));
  }
  text += compared_line(totals);
  if (!totals.certificate.empty())
    text += fmt::format(
        "  certificate: {}: {}/{} programs, each with every single decision above\n",
        totals.certificate, grouped(totals.programs), grouped(totals.programs_of_scope));
  return text + schedules + pairs_text(totals) + left_out_text(totals) + steps_text(totals) +
         never_reached(totals);
}

std::string finding_text(const SweepFinding& finding, const std::string& replay) {
  const std::string story =
      finding.story.empty() ? "anyctx: " + finding.headline + "\n" : finding.story;
  return fmt::format("\n{}  runs      {} came to this\n  replay    {} {}\n", story,
                     grouped(finding.runs), replay, finding.file);
}

json to_json(const SweepCount& count) {
  return {{"visited", count.visited}, {"not_taken", count.not_taken}, {"equal", count.equal}};
}

json to_json(const std::string& target, const SweepTotals& totals) {
  json categories = json::object();
  for (const auto& [name, count] : totals.categories) categories[name] = to_json(count);
  json most_steps = json::object();
  for (const auto& [name, steps] : totals.steps)
    most_steps[name] = {{"most", steps.most}, {"bound", steps.bound}};
  json schedules = json::array();
  for (const SweepCount& count : totals.schedules) schedules.push_back(to_json(count));
  json never = json::array();
  for (const auto& [name, reached] : totals.reached) {
    if (reached == 0) never.push_back(name);
  }
  return {{"target", target},
          {"programs", totals.programs},
          {"visits", totals.places},
          {"placements", totals.units},
          {"runs", totals.runs},
          {"categories", std::move(categories)},
          {"schedules", std::move(schedules)},
          {"pairs", to_json(totals.pairs)},
          {"pairs_possible", totals.pairs_possible},
          {"left_out",
           {{"visits", totals.visits_left_out},
            {"no_lane", totals.no_lane},
            {"compared", totals.compared},
            {"not_compared", totals.not_compared},
            {"nothing_to_act_on", totals.nothing_to_act_on},
            {"full", totals.full}}},
          {"complete", totals.is_complete()},
          {"certificate", totals.certificate},
          {"batches", totals.batches},
          {"batches_done", totals.batches_done},
          {"most_steps", std::move(most_steps)},
          {"never_reached", std::move(never)}};
}

}  // namespace

std::string sweep_text(const SweepResult& result, double seconds, const std::string& replay) {
  std::string text;
  bool whole = result.stopped_early_of() == 0;
  std::uint64_t runs = 0;
  if (!whole)
    text += fmt::format("stopped early: counted are only those of {} subjects that were begun\n",
                        result.stopped_early_of());
  for (const auto& [target, totals] : result.totals()) {
    text += totals_text(target, totals);
    whole = whole && totals.is_complete();
    runs += totals.runs;
  }
  for (const SweepFinding& finding : result.findings()) text += finding_text(finding, replay);
  return text + fmt::format("\n{}: {} findings, {} runs, {:.1f} s\n",
                            whole ? "complete" : "not complete (see above)",
                            result.findings().size(), grouped(runs), seconds);
}

json sweep_json(const SweepResult& result, double seconds, const std::string& replay) {
  json targets = json::array();
  bool whole = result.stopped_early_of() == 0;
  for (const auto& [target, totals] : result.totals()) {
    targets.push_back(to_json(target, totals));
    whole = whole && totals.is_complete();
  }
  json findings = json::array();
  for (const SweepFinding& finding : result.findings()) {
    findings.push_back({{"target", finding.target},
                        {"kind", finding.kind},
                        {"signature", finding.key},
                        {"headline", finding.headline},
                        {"story", finding.story},
                        {"runs", finding.runs},
                        {"file", finding.file},
                        {"replay", replay + " " + finding.file}});
  }
  return {{"targets", std::move(targets)},
          {"findings", std::move(findings)},
          {"complete", whole},
          {"seconds", seconds}};
}

}  // namespace anyctx::triage
