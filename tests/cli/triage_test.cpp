// anyctx triage: a small pile with everything in it that piles have.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Triage : public ToolBed {
 protected:
  Triage() {
    write("pile/verdict.txt", kVerdictProgram);
    write("pile/verdict_again.txt",
          "anyctx 1 target=verdict cpus=2\n"
          "task0: rest()\n       act()\n       act()\n"
          "nmi1:  rest()\n       act()\n"
          "at task0.2 tiny.limit#1: nmi1\n"
          "at nmi1.1 tiny.limit#1: fail\n");
    write("pile/copy.txt", kVerdictProgram);
    write("pile/clean.txt", kCleanProgram);
    const std::string crash = write("crash.txt",
                                    "anyctx 1 target=crash\n"
                                    "task0: act()\n       rest()\n       act()\n       act()\n"
                                    "at task0.0 tiny.limit#1: fail sticky\n");
    std::filesystem::create_directories(root_ / "pile/afl/default/crashes");
    tool({"convert", crash, "-o", root_ / "pile/crash-0123456789abcdef"});
    tool({"convert", write("pile/verdict.txt", kVerdictProgram), "-o",
          root_ / "pile/afl/default/crashes/id:000000,sig:06,src:000001,op:havoc"});
    write("pile/afl/default/crashes/README.txt", "Command line used to find this crash:\n");
    write("pile/afl/default/fuzzer_stats", "start_time : 1\n");
    write("pile/afl/default/queue/id:000000,orig", "never looked at");
    write("pile/empty", "");
    write("pile/junk", "junk");
    write("pile/cut",
          "\x8e"
          "ACX\x01");
    write("pile/typo.txt", "anyctx 1 target=clean\ntask0: akt()\n");
  }

  Captured triage() { return tool({"triage", root_ / "pile", "-o", root_ / "report"}); }
  json report() { return json::parse(read(root_ / "report/report.json")); }
};

TEST_F(Triage, PileBecomesBugs) {
  const Captured result = triage();
  EXPECT_EQ(result.exit.code, 77) << result.errors;
  EXPECT_THAT(result.output,
              HasSubstr("6 inputs (5 new, 1 the same as another one), 2 bugs, 2 new"));
  const json document = report();
  ASSERT_EQ(document["bugs"].size(), 2u);
  const json& crash = document["bugs"][0];
  EXPECT_EQ(crash["kind"], "heap-use-after-free");
  EXPECT_EQ(crash["class"], "use-after-free");
  EXPECT_THAT(crash["inputs"], ElementsAre("crash-0123456789abcdef"));
  EXPECT_EQ(crash["after"], "2 ops, 1 decision");
  EXPECT_THAT(std::string(crash["replay"]), HasSubstr("--sanitizer address"));
  EXPECT_THAT(std::string(crash["output"]), HasSubstr("AddressSanitizer"));
  const json& verdict = document["bugs"][1];
  EXPECT_EQ(verdict["kind"], "spurious-failure");
  EXPECT_THAT(verdict["inputs"],
              ElementsAre("afl/default/crashes/id:000000,sig:06,src:000001,op:havoc", "copy.txt",
                          "verdict.txt", "verdict_again.txt"));
  EXPECT_EQ(verdict["after"], "2 ops, 2 decisions");
  EXPECT_EQ(verdict["same"], 9);  // three replays of each that is no copy
  EXPECT_EQ(verdict["replays"], 9);
  EXPECT_THAT(document["harmless"], ElementsAre("clean.txt"));
}

TEST_F(Triage, BrokenFilesGetALineEachAndStay) {
  const Captured result = triage();
  EXPECT_THAT(result.output, HasSubstr("skipped cut: truncated: 5 bytes"));
  EXPECT_THAT(result.output, HasSubstr("skipped empty: empty"));
  EXPECT_THAT(result.output, HasSubstr("skipped junk: not an anyctx program"));
  EXPECT_THAT(result.output, HasSubstr("skipped typo.txt: 2:8: akt: no such operation"));
  EXPECT_THAT(result.output, Not(HasSubstr("README")));
  EXPECT_THAT(result.output, Not(HasSubstr("queue")));
  EXPECT_EQ(read(root_ / "pile/junk"), "junk");
}

TEST_F(Triage, FindingsReplay) {
  triage();
  for (const json& bug : report()["bugs"]) {
    const std::string file = root_ / "report" / std::string(bug["file"]);
    EXPECT_EQ(tool({"replay", "--sanitizer", "address", file}).exit.code, 77) << file;
    EXPECT_THAT(read(file), HasSubstr(std::string(bug["program"])));
  }
}

TEST_F(Triage, SecondRunSaysWhatIsNew) {
  triage();
  EXPECT_THAT(triage().output,
              HasSubstr("6 inputs (0 new, 1 the same as another one), 2 bugs, 0 new"));
  EXPECT_EQ(report()["bugs"][0]["new"], false);
  write("pile/hang.txt", "anyctx 1 target=hang\ntask0: act()\nat task0.0 tiny.limit#1: fail\n");
  std::filesystem::remove(root_ / "pile/crash-0123456789abcdef");
  const Captured result =
      tool({"triage", root_ / "pile", "-o", root_ / "report", "--timeout", "1s"});
  EXPECT_THAT(result.output,
              HasSubstr("6 inputs (1 new, 1 the same as another one), 2 bugs, 1 new"));
  EXPECT_THAT(result.output,
              HasSubstr("the run does not end: a loop that passes no decision point  "
                        "[new]"));
  EXPECT_THAT(result.output, HasSubstr("no input shows any more: heap-use-after-free"));
}

TEST_F(Triage, ReportsOfAllForms) {
  triage();
  EXPECT_THAT(read(root_ / "report/report.txt"), HasSubstr("! at tiny.limit#1: fail"));
  const std::string html = read(root_ / "report/report.html");
  EXPECT_THAT(html, HasSubstr("2 bugs in 6 inputs"));
  EXPECT_THAT(html, HasSubstr("class=\"decision\""));
  const json sarif = json::parse(read(root_ / "report/report.sarif"));
  const json& results = sarif["runs"][0]["results"];
  ASSERT_EQ(results.size(), 2u);
  const json& flow = results[1]["codeFlows"][0]["threadFlows"][0];
  EXPECT_EQ(flow["id"], "vCPU 0");
  EXPECT_EQ(flow["locations"].back()["importance"], "essential");
  EXPECT_EQ(flow["locations"].back()["location"]["physicalLocation"]["region"]["startLine"], 3);
  const std::string junit = read(root_ / "report/report.junit.xml");
  EXPECT_THAT(junit, HasSubstr("<testsuite name=\"anyctx.verdict\" tests=\"1\" failures=\"1\""));
  EXPECT_THAT(junit, HasSubstr("<skipped message=\"not an anyctx program"));
}

TEST_F(Triage, NothingFoundIsClean) {
  write("calm/clean.txt", kCleanProgram);
  const Captured result = tool({"triage", root_ / "calm", "-o", root_ / "report"});
  EXPECT_EQ(result.exit.code, 0);
  EXPECT_THAT(result.output, HasSubstr("0 bugs"));
}

TEST_F(Triage, BrokenEarlierReportIsSaidAndReplaced) {
  write("report/report.json", "{\"bugs\": [{}]");
  const Captured result = triage();
  EXPECT_THAT(result.errors, HasSubstr("cannot be read: everything counts as new"));
  EXPECT_EQ(report()["bugs"].size(), 2u);
}

TEST_F(Triage, Errors) {
  expect_error({"triage"}, "DIR is required");
  expect_error({"triage", root_ / "nothing"}, "is no folder; give the one with the inputs");
  expect_error({"triage", root_ / "pile", "--replays", "0"}, "--replays");
  expect_error({"triage", root_ / "pile", "--target", "x", "-o", root_ / "report"},
               "unknown target 'x'; there are");
}

}  // namespace
}  // namespace anyctx::triage
