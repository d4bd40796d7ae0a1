// Parts of the tool that need no process: durations, engine output, the verdict on a
// campaign.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "triage/cli/duration.h"
#include "triage/cli/libfuzzer_log.h"
#include "triage/cli/setup_error.h"
#include "triage/report/campaign_report.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using std::chrono::seconds;

TEST(Duration, Units) {
  EXPECT_EQ(parse_duration("90"), seconds(90));
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("5m"), seconds(300));
  EXPECT_EQ(parse_duration("8h"), seconds(28800));
  for (const char* bad : {"", "s", "0", "-1", "1.5h", "5 m", "99999999999h", "1d"}) {
    EXPECT_THROW(parse_duration(bad), SetupError) << bad;
  }
  EXPECT_EQ(to_clock(seconds(65)), "1:05");
  EXPECT_EQ(to_clock(seconds(7205)), "2:00:05");
}

TEST(LibfuzzerLog, ReadsWhatLibFuzzerSays) {
  LibfuzzerLog log;
  log.add("#2\tINITED cov: 24 ft: 30 corp: 1/1b exec/s: 0 rss: 35Mb");
  log.add(
      "#77\tNEW    cov: 31 ft: 33 corp: 12/3Kb lim: 4 exec/s: 0 rss: 35Mb L: 1/1 MS: 1 Custom-");
  EXPECT_EQ(log.coverage(), 31u);
  EXPECT_EQ(log.corpus(), 12u);
  EXPECT_EQ(log.report(), "");
  log.add("anyctx: VERDICT overlap: memory is handed out once");
  log.add("  where     in task0.0");
  log.add("artifact_prefix='./a/'; Test unit written to ./a/crash-1234");
  EXPECT_EQ(log.artifact(), "./a/crash-1234");
  EXPECT_THAT(log.report(), ::testing::StartsWith("anyctx: VERDICT overlap"));
  EXPECT_THAT(log.report(), ::testing::HasSubstr("in task0.0"));
}

Finding finding(const std::string& kind) {
  Finding result;
  result.signature.kind = kind;
  return result;
}

/// A target about which nothing can be said against the campaign.
TargetReport worthwhile() {
  TargetReport report;
  report.target = "t";
  report.exercised = {{"executions", 10},
                      {"operations", {{{"name", "f"}, {"done", 3}, {"failed", 1}, {"vacuous", 0}}}},
                      {"points",
                       {{{"name", "p"},
                         {"may_fail", true},
                         {"reached", {{"task", 2}}},
                         {"injected", {{"nmi", 1}}}}}}};
  return report;
}

TEST(CampaignReport, SilenceIsWorthWhatWasExercised) {
  EXPECT_EQ(proved_nothing(worthwhile()), "");
  TargetReport report = worthwhile();
  report.exercised["executions"] = 0;
  EXPECT_EQ(proved_nothing(report), "nothing was executed");
  report = worthwhile();
  report.exercised["operations"][0]["done"] = 0;
  EXPECT_EQ(proved_nothing(report), "no operation succeeded");
  report = worthwhile();
  report.exercised["points"][0]["injected"] = json::object();
  EXPECT_EQ(proved_nothing(report), "no fault was injected");
  report.findings.emplace_back();
  EXPECT_EQ(proved_nothing(report), "");
  report.findings.clear();
  report.exercised["points"][0]["may_fail"] = false;
  EXPECT_EQ(proved_nothing(report), "");
}

TEST(CampaignReport, ExitCodes) {
  CampaignReport report;
  report.targets = {worthwhile()};
  EXPECT_EQ(exit_code(report), 0);
  report.targets.push_back(worthwhile());
  report.targets[1].exercised["executions"] = 0;
  EXPECT_EQ(exit_code(report), 2);
  report.targets[0].findings.push_back(finding("timeout"));
  EXPECT_EQ(exit_code(report), 70);
  report.targets[0].findings.push_back(finding("overlap"));
  EXPECT_EQ(exit_code(report), 77);
}

}  // namespace
}  // namespace anyctx::triage
