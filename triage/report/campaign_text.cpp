// The campaign report for people.
#include <fmt/format.h>

#include <algorithm>

#include "triage/report/campaign_report.h"
#include "triage/report/quantity.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

/// "  label        item, item, ..." in lines of 100 columns; nothing without items.
std::string section(std::string_view label, const std::vector<std::string>& items) {
  constexpr std::size_t kColumns = 100;
  std::string text;
  std::string line = fmt::format("  {:<16}", label);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string item = i + 1 < items.size() ? items[i] + ", " : items[i];
    if (line.size() + item.size() > kColumns) {
      text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line = std::string(18, ' ');
    }
    line += item;
  }
  return items.empty() ? std::string() : text + line + "\n";
}

/// Everything but zeros, in the order of the document.
std::vector<std::string> counts(const json& document) {
  std::vector<std::string> items;
  for (const auto& [name, count] : document.items()) {
    if (count != 0) items.push_back(fmt::format("{} {}", name, grouped(count)));
  }
  return items;
}

std::string operations_text(const json& operations) {
  std::vector<std::string> mix;
  std::vector<std::string> vacuous;
  for (const auto& operation : operations) {
    const std::string name = operation.at("name");
    const std::uint64_t failed = operation.at("failed");
    const std::uint64_t called = operation.at("done").get<std::uint64_t>() + failed;
    mix.push_back(failed == 0 ? fmt::format("{} {}", name, grouped(called))
                              : fmt::format("{} {} ({}% failed)", name, grouped(called),
                                            failed * 100 / called));
    const std::uint64_t idle = operation.at("vacuous");
    if (idle != 0)
      vacuous.push_back(
          fmt::format("{} {} ({}%)", name, grouped(idle), idle * 100 / (idle + called)));
  }
  return section("operations", mix) + section("vacuous", vacuous);
}

std::string points_text(const json& points) {
  std::vector<std::string> unreached;
  std::vector<std::string> unfailed;
  std::size_t may_fail = 0;
  std::size_t injected = 0;
  for (const auto& point : points) {
    const bool reached = sum(point.at("reached")) != 0;
    if (!reached) unreached.push_back(point.at("name"));
    if (!point.at("may_fail").get<bool>()) continue;
    ++may_fail;
    if (sum(point.at("injected")) != 0)
      ++injected;
    else if (reached)
      unfailed.push_back(point.at("name"));
  }
  return section("points",
                 {fmt::format("{} of {} reached", points.size() - unreached.size(), points.size()),
                  fmt::format("{} of {} that may fail were failed", injected, may_fail)}) +
         section("never reached", unreached) + section("never failed", unfailed);
}

/// Where answers were compared with those of another subject.
std::string compared_text(const json& compared) {
  const std::uint64_t same = compared.at("operations");
  const std::uint64_t exempt = compared.at("exempt");
  const std::uint64_t rest = compared.at("rest");
  const std::uint64_t all = same + exempt + rest;
  std::string text = section(
      "compared", {fmt::format("{} of {} operations with ours ({}%)", grouped(same), grouped(all),
                               same * 100 / std::max<std::uint64_t>(all, 1)),
                   fmt::format("{} exempt", grouped(exempt)),
                   fmt::format("{} behind the end of what can be compared", grouped(rest))});
  const std::vector<std::string> cuts = counts(compared.at("cuts"));
  return text + section("not comparable", cuts);
}

std::string target_text(const TargetReport& report) {
  const json& exercised = report.exercised;
  const std::uint64_t executions = exercised.at("executions");
  const double speed = report.seconds > 0 ? static_cast<double>(executions) / report.seconds : 0;
  std::string text =
      fmt::format("{}: {:.0f} s, {} executions, {}/s, coverage {} edges, corpus {} inputs\n",
                  report.target, report.seconds, grouped(executions),
                  grouped(static_cast<std::uint64_t>(speed)), report.coverage, report.corpus);
  text += operations_text(exercised.at("operations"));
  std::vector<std::string> contexts = counts(exercised.at("contexts"));
  contexts.push_back(fmt::format("re-entries {}", grouped(exercised.at("reentries"))));
  text += section("contexts", contexts);
  std::vector<std::string> decisions = counts(exercised.at("decisions"));
  decisions.push_back(fmt::format("not applicable {}", grouped(exercised.at("ignored"))));
  text += section("decisions", decisions);
  text += points_text(exercised.at("points"));
  if (exercised.contains("compared")) text += compared_text(exercised.at("compared"));
  if (!report.remark.empty()) text += section("remark", {report.remark});
  return text;
}

std::string finding_text(const std::string& target, const Finding& finding) {
  return fmt::format("\nfinding {} in {}, after {:.1f} s{}\n{}  saved     {}\n  replay    {}\n",
                     finding.name, target, finding.seconds,
                     finding.times > 1 ? fmt::format(", {} times", finding.times) : std::string(),
                     finding.story, finding.file, finding.replay);
}

}  // namespace

std::string to_text(const CampaignReport& report) {
  std::string text;
  for (const TargetReport& target : report.targets) text += target_text(target);
  std::size_t findings = 0;
  for (const TargetReport& target : report.targets) {
    findings += target.findings.size();
    for (const Finding& finding : target.findings) text += finding_text(target.target, finding);
  }
  text += fmt::format("\n{} in {:.0f} s with seed {}{}\n",
                      findings == 0   ? "no findings"
                      : findings == 1 ? "1 finding"
                                      : fmt::format("{} findings", findings),
                      report.seconds, report.seed, report.interrupted ? ", interrupted" : "");
  return text;
}

}  // namespace anyctx::triage
