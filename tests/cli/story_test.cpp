// The story of a finding: as text, as a page, as a trace.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTwoCpus =
    "anyctx 1 target=verdict cpus=2\n"
    "task0: act()\n"
    "task1: act()\n"
    "       rest()\n"
    "nmi0:  act()\n"
    "at task0.0 op.begin#1: run task1\n"
    "at task1.0 tiny.limit#1: fail\n"
    "at task0.0 tiny.limit#1: nmi0\n"
    "at nmi0.0 tiny.limit#1: fail\n";

class Story : public ToolBed {};

TEST_F(Story, TextHasAColumnPerCpu) {
  const std::string file = write("program", kTwoCpus);
  const std::string output = tool({"replay", file}).output;
  EXPECT_EQ(output.substr(0, output.rfind("digest")),
            "anyctx: VERDICT spurious-failure: an operation does not fail in an NMI\n"
            "  where     in nmi0.0 on cpu0, nmi context, last point tiny.limit\n"
            "  expected  0 failures\n"
            "  found     1 failure\n"
            "  why       it failed, and nothing in the run is a reason to fail\n"
            "  steps (\"!\" marks a decision)\n"
            "      cpu0                           cpu1\n"
            "   1  task0.0: act()\n"
            "   2  ! at op.begin#1: run task1\n"
            "   3                                 task1.0: act()\n"
            "   4                                 ! at tiny.limit#1: fail\n"
            "   5                                 task1.0: failed (1)\n"
            "   6                                 task1.1: rest()\n"
            "   7                                 task1.1: nothing to do (0)\n"
            "   8  ! at tiny.limit#1: nmi0\n"
            "   9      [nmi] nmi0.0: act()\n"
            "  10      [nmi] ! at tiny.limit#1: fail\n"
            "      here spurious-failure is found\n"
            "  replay    ./anyctx replay " +
                file + "\n");
}

TEST_F(Story, PageIsWholeAndEscaped) {
  const std::string file = write("program", kTwoCpus);
  const Path page = root_ / "page.html";
  EXPECT_EQ(tool({"replay", file, "--html", page}).exit.code, 77);
  const std::string html = read(page);
  EXPECT_THAT(html, ::testing::StartsWith("<!doctype html>"));
  EXPECT_THAT(html, ::testing::EndsWith("</html>\n"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">vCPU 1</th>"));
  EXPECT_THAT(html, HasSubstr("<tr tabindex=\"0\" class=\"decision\" id=\"step2\">"));
  EXPECT_THAT(html, HasSubstr("class=\"verdict\""));
  EXPECT_THAT(html, HasSubstr("0 failures"));
  EXPECT_THAT(html, HasSubstr("./anyctx replay " + file));
  for (const char* outside : {"http:", "https:", "src=", "@import", "url("}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
}

TEST_F(Story, PageOfACrashGoesAsFarAsTheRun) {
  const std::string file = write("program",
                                 "anyctx 1 target=crash\ntask0: act()\n       act()\n"
                                 "at task0.0 tiny.limit#1: fail sticky\n");
  const Path page = root_ / "page.html";
  const Captured result = tool({"replay", "--sanitizer", "address", file, "--html", page});
  EXPECT_EQ(result.exit.code, 77);
  EXPECT_THAT(read(page), HasSubstr("AddressSanitizer: heap-use-after-free"));
  EXPECT_THAT(read(page), HasSubstr("task0.1: act()"));
  EXPECT_THAT(read(page), Not(HasSubstr("task0.1: failed")));
}

TEST_F(Story, TraceHasCpusAsProcesses) {
  const Path trace = root_ / "trace.json";
  EXPECT_EQ(tool({"replay", write("program", kTwoCpus), "--perfetto", trace}).exit.code, 77);
  const json document = json::parse(read(trace));
  std::map<std::string, int> names;
  std::map<std::string, int> kinds;
  for (const json& event : document["traceEvents"]) {
    ++kinds[event["ph"]];
    if (event["ph"] == "M") ++names[event["args"]["name"]];
    if (event["ph"] == "X" && event["name"] == "task1.0: act()") {
      EXPECT_EQ(event["pid"], 1);
      EXPECT_EQ(event["args"]["result"], "task1.0: failed (1)");
    }
  }
  for (const char* name : {"vCPU 0", "vCPU 1", "task0", "task1", "nmi"}) {
    EXPECT_EQ(names[name], 1) << name;
  }
  EXPECT_EQ(kinds["X"], 4);  // operations
  EXPECT_EQ(kinds["i"], 5);  // decisions and the verdict
  EXPECT_GT(kinds["C"], 0);
}

TEST_F(Story, Errors) {
  expect_error({"replay", write("a", kCleanProgram), write("b", kCleanProgram), "--html", "x"},
               "give one file");
}

}  // namespace
}  // namespace anyctx::triage
