#include "triage/report/campaign_report.h"

#include <algorithm>

#include "triage/report/exit_code.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

json to_json(const Finding& finding) {
  return {{"name", finding.name},         {"kind", finding.signature.kind},
          {"key", finding.signature.key}, {"headline", finding.signature.headline},
          {"story", finding.story},       {"file", finding.file},
          {"replay", finding.replay},     {"seconds", finding.seconds},
          {"times", finding.times}};
}

json to_json(const TargetReport& report) {
  json findings = json::array();
  for (const Finding& finding : report.findings) findings.push_back(to_json(finding));
  return {{"target", report.target},       {"seconds", report.seconds},
          {"coverage", report.coverage},   {"corpus", report.corpus},
          {"exercised", report.exercised}, {"proved_nothing", proved_nothing(report)},
          {"remark", report.remark},       {"findings", std::move(findings)}};
}

}  // namespace

std::uint64_t sum(const json& counts) {
  std::uint64_t total = 0;
  for (const auto& count : counts) total += count.get<std::uint64_t>();
  return total;
}

std::string proved_nothing(const TargetReport& report) {
  if (!report.findings.empty()) return {};
  if (report.exercised.at("executions") == 0) return "nothing was executed";
  const json& operations = report.exercised.at("operations");
  if (std::all_of(operations.begin(), operations.end(),
                  [](const json& operation) { return operation.at("done") == 0; }))
    return "no operation succeeded";
  const json compared = report.exercised.value("compared", json());
  if (!compared.is_null() && compared.at("operations") == 0)
    return "no answer was compared with ours";
  // A subject may have no such points: the kernel's spinlocks.
  bool could_fail = false;
  bool was_failed = false;
  for (const json& point : report.exercised.at("points")) {
    could_fail = could_fail || (point.at("may_fail").get<bool>() && sum(point.at("reached")) != 0);
    was_failed = was_failed || sum(point.at("injected")) != 0;
  }
  return could_fail && !was_failed ? "no fault was injected" : "";
}

int exit_code(const CampaignReport& report) {
  bool any = false;
  bool bug = false;
  bool silence = false;
  for (const TargetReport& target : report.targets) {
    for (const Finding& finding : target.findings) {
      any = true;
      bug = bug || finding.signature.kind != "timeout";
    }
    silence = silence || !proved_nothing(target).empty();
  }
  if (any) return bug ? kExitBug : kExitTimeout;
  return silence ? kExitSetup : kExitClean;
}

json to_json(const CampaignReport& report) {
  json targets = json::array();
  for (const TargetReport& target : report.targets) targets.push_back(to_json(target));
  return {{"command", "fuzz"},
          {"seconds", report.seconds},
          {"seed", report.seed},
          {"sanitizer", report.sanitizer},
          {"jobs", report.jobs},
          {"interrupted", report.interrupted},
          {"targets", std::move(targets)},
          {"exit", exit_code(report)}};
}

}  // namespace anyctx::triage
