// anyctx fuzz and points: what a campaign says and how it ends.
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Fuzz : public ToolBed {
 protected:
  /// The only finding of the only target of a campaign with --json.
  static json only_finding(const Captured& result) {
    const json report = json::parse(result.output);
    EXPECT_EQ(report["exit"], result.exit.code);
    EXPECT_EQ(report["targets"].size(), 1u);
    EXPECT_EQ(report["targets"][0]["findings"].size(), 1u) << result.output;
    return report["targets"][0]["findings"][0];
  }

  /// Types what a replay line says into a shell, with the tool for ./anyctx.
  int run_replay_line(std::string line) const {
    const std::string launcher = "./anyctx";
    const std::string ours = (plain() / "anyctx-tool").string() + " --root " + root_.string();
    EXPECT_THAT(line, ::testing::StartsWith(launcher));
    line.replace(0, launcher.size(), ours);
    return capture({{"/bin/sh", "-c", line}, {}}).exit.code;
  }
};

TEST_F(Fuzz, CleanTargetSaysWhatItExercised) {
  const Captured result = tool({"fuzz", "clean", "--time", "2", "--seed", "1"});
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  EXPECT_THAT(result.output, ContainsRegex("^clean: [23] s, [0-9,]+ executions, [0-9,]+/s, "));
  EXPECT_THAT(result.output, ContainsRegex("operations +act [0-9,]+ \\([0-9]+% failed\\), rest 0"));
  EXPECT_THAT(result.output, ContainsRegex("vacuous +rest [0-9,]+ \\(100%\\)\n"));
  EXPECT_THAT(result.output, ContainsRegex("contexts .*nmi [0-9,]+"));
  EXPECT_THAT(result.output, ContainsRegex("decisions .*fail [0-9,]+"));
  EXPECT_THAT(result.output, HasSubstr("3 of 4 reached, 1 of 1 that may fail were failed"));
  EXPECT_THAT(result.output, ContainsRegex("never reached +tiny.unused\n"));
  EXPECT_THAT(result.output, HasSubstr("no findings in"));
  EXPECT_THAT(result.output, HasSubstr("with seed 1\n"));

  EXPECT_FALSE(std::filesystem::is_empty(root_ / "work/clean/corpus"));
  const Captured points = tool({"points", "clean"});
  EXPECT_EQ(points.exit.code, 0);
  EXPECT_THAT(points.output, ContainsRegex("tiny.limit +limit +the operation fails\n"
                                           " +reached [0-9]+ \\(.*nmi.*injected [1-9]"));
  EXPECT_THAT(points.output, HasSubstr("never reached 1: tiny.unused"));
}

TEST_F(Fuzz, PointsOfPrograms) {
  const Path program = write("p.txt",
                             "anyctx 1 target=clean\ntask0: act()\nnmi0: act()\n"
                             "at task0.0 tiny.limit#1: nmi0\nat task0.0 tiny.limit#1: fail\n");
  const Captured text = tool({"points", "clean", "--over", program});
  EXPECT_EQ(text.exit.code, 0) << text.errors;
  EXPECT_THAT(text.output, ContainsRegex("reached 2 \\(nmi 1\\); injected 1; failed 0; "
                                         "entered by nmi 1\n"));
  const Path page = root_ / "points.html";
  const Captured heat = tool({"points", "--over", root_ / "p.txt", "--heat", "--html", page});
  EXPECT_EQ(heat.exit.code, 0) << heat.errors;
  // Reached in a task and an NMI; failed by nothing; by decision in the task; left for an NMI.
  EXPECT_THAT(
      heat.output,
      ContainsRegex("tiny.limit +1 \\. \\. 1 +\\. \\. \\. \\. +1 \\. \\. \\. +\\. \\. 1 \\.\n"));
  EXPECT_THAT(read(page), HasSubstr("<td title=\"the operation fails\">tiny.limit</td>"));
}

TEST_F(Fuzz, PointsWithoutACampaign) {
  const Captured text = tool({"points", "clean"});
  EXPECT_EQ(text.exit.code, 0);
  EXPECT_THAT(text.output, HasSubstr("clean: nothing is wrong; 4 points, 1 may fail"));
  EXPECT_THAT(text.output, HasSubstr("nothing is counted yet; ./anyctx fuzz clean does"));
  const json all = json::parse(tool({"points", "--json"}).output);
  EXPECT_EQ(all["targets"].size(), 5u);
  EXPECT_EQ(all["targets"][0]["points"][2]["name"], "tiny.limit");
  EXPECT_EQ(all["targets"][0]["points"][2]["layer"], "tiny");
  EXPECT_EQ(all["targets"][0]["points"][2]["may_fail"], true);
}

TEST_F(Fuzz, VerdictIsAFindingThatReplays) {
  const Captured result = tool({"fuzz", "verdict", "--time", "10", "--seed", "1", "--json"});
  EXPECT_EQ(result.exit.code, 77);
  const json finding = only_finding(result);
  EXPECT_EQ(finding["kind"], "spurious-failure");
  EXPECT_THAT(std::string(finding["name"]), ContainsRegex("^spurious-failure-[0-9a-f]{8}$"));
  EXPECT_THAT(std::string(finding["story"]), HasSubstr("anyctx: VERDICT spurious-failure"));
  EXPECT_THAT(result.errors, HasSubstr("verdict: finding " + std::string(finding["name"])));
  const std::string text = read(std::string(finding["file"]));
  EXPECT_THAT(text, ::testing::StartsWith("# VERDICT spurious-failure"));
  EXPECT_THAT(text, HasSubstr("tiny.limit#1: fail"));
  EXPECT_EQ(run_replay_line(finding["replay"]), 77);
  // The same again and again is no reason to use up the time.
  EXPECT_LT(json::parse(result.output)["seconds"], 9);
}

TEST_F(Fuzz, CrashIsAFindingThatReplays) {
  const Captured result = tool({"fuzz", "crash", "--time", "10", "--seed", "1", "--json"});
  EXPECT_EQ(result.exit.code, 77);
  const json finding = only_finding(result);
  EXPECT_EQ(finding["kind"], "heap-use-after-free");
  EXPECT_THAT(std::string(finding["story"]), HasSubstr("AddressSanitizer: heap-use-after-free"));
  EXPECT_THAT(std::string(finding["replay"]), HasSubstr("--sanitizer address"));
  EXPECT_EQ(run_replay_line(finding["replay"]), 77);
}

TEST_F(Fuzz, EndlessRunIsATimeout) {
  const Captured result = tool({"fuzz", "hang", "--time", "5", "--seed", "1", "--json"});
  EXPECT_EQ(result.exit.code, 70);
  EXPECT_EQ(only_finding(result)["kind"], "timeout");
}

TEST_F(Fuzz, CampaignThatProvedNothingFails) {
  const Captured result = tool({"fuzz", "idle", "--time", "1"});
  EXPECT_EQ(result.exit.code, 2);
  EXPECT_EQ(result.errors,
            "anyctx: the campaign proved nothing about idle: no operation succeeded\n");
}

TEST_F(Fuzz, TargetsShareTheTimeAndJobsShareTheCorpus) {
  const Captured result = tool({"fuzz", "clean", "verdict", "--time", "6", "--jobs", "2", "--json",
                                "--out", root_ / "out", "--corpus", root_ / "kept"});
  EXPECT_EQ(result.exit.code, 77) << result.errors;
  const json report = json::parse(result.output);
  EXPECT_EQ(report["targets"].size(), 2u);
  EXPECT_LT(report["targets"][0]["seconds"], 5);
  EXPECT_LT(report["seconds"], 9);
  EXPECT_TRUE(std::filesystem::exists(root_ / "out/clean/stats-1.json"));
  EXPECT_FALSE(std::filesystem::is_empty(root_ / "kept/clean"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "work"));
}

TEST_F(Fuzz, SeedsAndRegressionsAreTriedFirst) {
  write("corpus/verdict/regress/known.txt", kVerdictProgram);
  write("corpus/verdict/seeds/seed.txt", "anyctx 1 target=verdict\ntask0: act()\n");
  const Captured result = tool({"fuzz", "verdict", "--time", "5", "--json"});
  EXPECT_EQ(result.exit.code, 77);
  const std::string text = read(std::string(only_finding(result)["file"]));
  EXPECT_THAT(text, HasSubstr("\n" + kVerdictProgram.substr(kVerdictProgram.find("task0"))));
}

TEST_F(Fuzz, InterruptEndsWithTheSummary) {
  Process process(command({"fuzz", "clean", "--time", "60"}), Process::Output::pipe);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait().code, 0);
  std::string output(64 << 10, '\0');
  const ssize_t size = ::read(process.output(), output.data(), output.size());
  output.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  EXPECT_THAT(output, ContainsRegex("no findings in [3-9] s with seed [0-9]+, interrupted\n"));
}

}  // namespace
}  // namespace anyctx::triage
