// anyctx campaign: a night with tiny targets, ended at any time, with a full disk, with an engine
// that does not work.
#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "tests/cli/tool_bed.h"
#include "triage/cli/night_journal.h"
#include "triage/report/line_plot.h"
#include "triage/report/night_record.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Campaign : public ToolBed {
 protected:
  std::string plan(const std::string& targets, const std::string& more = "") {
    return write("plan.toml", "targets = [" + targets + "]\nengines = [\"libfuzzer\"]\njobs = 1\n" +
                                  "seed = 7\n" + (more.empty() ? "personality = []\n" : more));
  }
  Words night(const std::string& plan, const std::string& time) const {
    return {"campaign", plan, "--time", time, "--out", root_ / "nights"};
  }
  json report() { return json::parse(read(root_ / "nights/report.json"), nullptr, false); }

  NightRecord night_so_far() const {
    const NightJournal journal(root_ / "nights/nights/0001.jsonl");
    NightRecord record;
    for (const json& event : journal.events()) record.add(event);
    return record;
  }

  static std::set<std::string> names_in(const Path& folder) {
    std::set<std::string> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none))
      names.insert(entry.path().filename());
    return names;
  }

  static std::set<std::string> strings(const json& list, const char* key) {
    std::set<std::string> values;
    for (const json& entry : list) values.insert(entry.at(key));
    return values;
  }
};

TEST_F(Campaign, NightFindsSortsAndReports) {
  const std::string file = plan("\"clean\", \"verdict\"",
                                "sweep = 0.3\n[[personality]]\nname = \"two\"\nparams = "
                                "[\"cpus=2\"]\ntargets = [\"clean\"]\n");
  const Captured result = tool(night(file, "9s"));
  EXPECT_EQ(result.exit.code, 77) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("1 bug, 1 new"));
  const json document = report();
  ASSERT_EQ(document["bugs"].size(), 1u);
  EXPECT_EQ(document["bugs"][0]["kind"], "spurious-failure");
  EXPECT_EQ(document["bugs"][0]["after"], "2 ops, 2 decisions");
  EXPECT_EQ(document["cells"].size(), 3u);
  for (const json& cell : document["cells"]) EXPECT_EQ(cell["not_run"], "") << cell["name"];
  EXPECT_GT(document["samples"].size(), 3u);
  EXPECT_THAT(document["targets"][0]["never_reached"], ::testing::ElementsAre("tiny.unused"));
  EXPECT_GT(document["executions"], 100);
  const std::string html = read(root_ / "nights/report.html");
  for (const char* part : {"<svg", "executions per second", "never reached", "class=\"decision\"",
                           "There is no night before this one"})
    EXPECT_THAT(html, HasSubstr(part));

  // The next night knows the bug; whether it counts is a choice.
  Words again = night(file, "6s");
  again.push_back("--only-new");
  const Captured next = tool(again);
  EXPECT_EQ(next.exit.code, 0) << next.output << next.errors;
  EXPECT_THAT(next.output, ContainsRegex("night 2 .*1 bug, 0 new"));
  EXPECT_EQ(report()["bugs"][0]["new"], false);
}

/// Whatever is on the disk when the process is killed is there at the end.
TEST_F(Campaign, KilledAtAnyTimeItGoesOn) {
  const char* const wanted = std::getenv("ANYCTX_KILLS");
  const int kills = wanted == nullptr ? 2 : std::atoi(wanted);
  std::mt19937 rng(static_cast<unsigned>(kills));  // the same moments each time
  const std::string file = plan("\"clean\", \"verdict\", \"crash\"");
  const std::string time = std::to_string(8 + 2 * kills) + "s";
  std::set<std::string> inputs;
  std::set<std::string> programs;
  std::uint64_t executions = 0;
  double spent = 0;
  for (int i = 0; i < kills; ++i) {
    Process process(command(night(file, time)), Process::Output::pipe);
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + rng() % 2500));
    ASSERT_FALSE(process.poll()) << "ended by itself before it was killed";
    process.signal(SIGKILL);
    process.wait();
    const NightRecord record = night_so_far();
    EXPECT_GE(record.executions(), executions);
    EXPECT_GE(record.spent(), spent);
    executions = record.executions();
    spent = record.spent();
    const Path corpus = root_ / "nights/corpus/clean";
    for (const std::string& name : inputs)
      EXPECT_TRUE(std::filesystem::exists(corpus / name)) << name;
    inputs = names_in(corpus);
    for (const std::string& name : names_in(root_ / "nights/findings/address")) {
      if (!name.starts_with('.')) programs.insert(name);
    }
  }
  const Captured result = tool(night(file, time));
  EXPECT_EQ(result.exit.code, 77) << result.errors;
  EXPECT_THAT(result.errors, HasSubstr("night 1 goes on after"));
  const json document = report();
  EXPECT_GE(document["resumed"].size(), static_cast<std::size_t>(kills) - 1);
  EXPECT_GE(document["executions"], executions);
  EXPECT_EQ(strings(document["bugs"], "kind"),
            (std::set<std::string>{"heap-use-after-free", "spurious-failure"}));
  EXPECT_TRUE(document["unreplayed"].empty()) << document["unreplayed"];
  for (const json& cell : document["cells"]) EXPECT_EQ(cell["not_run"], "") << cell["name"];
  std::set<std::string> told;
  for (const json& bug : document["bugs"]) {
    for (const std::string name : bug["inputs"]) told.insert(name);
  }
  for (const std::string& name : programs) EXPECT_TRUE(told.contains(name)) << name;
  const NightRecord record = night_so_far();
  for (const NightSlice& slice : record.slices()) EXPECT_TRUE(slice.done) << slice.number;
}

TEST_F(Campaign, EngineThatDoesNotWorkIsSaidAndLeftOut) {
  link("/bin/false", fuzzer("verdict"));
  const Captured result = tool(night(plan("\"clean\", \"verdict\""), "8s"));
  EXPECT_EQ(result.exit.code, 2) << result.output;
  EXPECT_THAT(result.output, ContainsRegex("not run, the fuzzer of verdict does not work.*: "
                                           "verdict-libfuzzer-address-any"));
  EXPECT_THAT(result.output, HasSubstr("proved nothing about verdict"));
  EXPECT_GT(report()["targets"][0]["executions"], 10);
}

TEST_F(Campaign, UnfinishedNightKeepsToItsPlan) {
  const std::string file = plan("\"clean\"");
  Process process(command(night(file, "60s")), Process::Output::pipe);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  expect_error(night(file, "5s"), "another campaign runs in");
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait().code, 0);
  EXPECT_EQ(report()["interrupted"], true);
  expect_error(night(plan("\"verdict\""), "5s"), "began with another plan");
}

TEST_F(Campaign, PlansWithMistakes) {
  const auto expect_mistake = [&](const std::string& text, const std::string& message) {
    expect_error({"campaign", write("bad.toml", text)}, message);
  };
  expect_mistake("tiem = \"8h\"\n", "bad.toml:1: no such key 'tiem'; there are");
  expect_mistake("\ntime = \"8x\"\n", "bad.toml:2: time: '8x' is not a time");
  expect_mistake("time = 8\n", "bad.toml:1: time: expected a word in quotes");
  expect_mistake("engines = [\"alf\"]\n", "no such word 'alf'; there are libfuzzer afl");
  expect_mistake("sanitizers = []\n", "sanitizers is empty");
  expect_mistake("jobs = 0\n", "jobs is a number from 1 to 1024");
  expect_mistake("sweep = \"much\"\n", "sweep is a number from 0 to 0.9");
  expect_mistake("known = \"no\"\n", "known is \"fail\" or \"clean\"");
  expect_mistake("params = [\"x=1\"]\n", "params: no target has a parameter x");
  expect_mistake("subject = \"kernels\"\n", "unknown subject 'kernels'");
  expect_mistake("targets = [\"cleen\"]\n", "unknown target 'cleen'");
  expect_mistake("[[personality]]\nname = \"any\"\nparams = [\"x=1\"]\n",
                 "bad.toml:1: a personality");
  expect_mistake("[[personality]]\nname = \"x\"\nparams = [\"x=1\"]\ntargets = [\"clean\"]\n",
                 "personality x: clean has no parameter x");
  expect_mistake("time = \n", "bad.toml:1: ");
  expect_error({"campaign", root_ / "nothing.toml"}, "nothing.toml");
}

TEST(NightJournal, LineThatWasCutShortIsDropped) {
  const std::string path = testing::TempDir() + "/night.jsonl";
  std::ofstream(path) << "{\"event\":\"night\",\"number\":3}\n{\"event\":\"sli";
  {
    NightJournal journal(path);
    ASSERT_EQ(journal.events().size(), 1u);
    journal.append({{"event", "resume"}, {"t", 1.5}});
  }
  EXPECT_EQ(NightJournal(path).events()[1]["t"], 1.5);
  std::ofstream(path) << "{\"event\":\n{}\n";
  EXPECT_THROW(NightJournal{path}, SetupError);
  std::filesystem::remove(path);
}

TEST(NightJournal, FullDiskLeavesItAsItWas) {
  const std::string path = testing::TempDir() + "/full.jsonl";
  std::filesystem::remove(path);
  NightJournal journal(path);
  journal.append({{"event", "night"}});
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little{30, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  EXPECT_THROW(journal.append({{"event", "remark"}, {"text", "much too long"}}), SetupError);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  journal.append({{"event", "resume"}});
  EXPECT_EQ(NightJournal(path).events().size(), 2u);
  std::filesystem::remove(path);
}

TEST(LinePlot, NumbersAreRoundAndShort) {
  EXPECT_EQ(round_up(0.1), 1);
  EXPECT_EQ(round_up(3), 5);
  EXPECT_EQ(round_up(11), 20);
  EXPECT_EQ(round_up(501), 1000);
  EXPECT_EQ(short_number(950), "950");
  EXPECT_EQ(short_number(12345), "12.3k");
  EXPECT_EQ(short_time(28800), "8.0 h");
  const std::string svg = to_svg({"a < b", true, {{0, 0}, {10, 5}}, {4}, "woke"});
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("woke at 4 s"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace anyctx::triage
