// anyctx sweep: with real processes, on tiny targets.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class Sweep : public ToolBed {
 protected:
  json sweep(Words arguments, int exit_code) const {
    arguments.insert(arguments.begin(), {"sweep", "--json"});
    const Captured result = tool(arguments);
    EXPECT_EQ(result.exit.code, exit_code) << result.output << result.errors;
    return json::parse(result.output, nullptr, false);
  }
  static json categories(const json& result) { return result["targets"][0]["categories"]; }

  /// Several batches.
  Words files() {
    Words files;
    for (const char* name : {"a", "b", "c", "d"}) files.push_back(write(name, kCleanProgram));
    return files;
  }
  Words with(const Words& more) {
    Words words = files();
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(Sweep, VisitsEveryPlacement) {
  const std::string file = write(
      "program", "anyctx 1 target=clean\ntask0: act()\n       act()\ntask1: act()\nnmi0: act()\n");
  const json result = sweep({file}, 0);
  EXPECT_EQ(result["complete"], true);
  EXPECT_EQ(result["findings"], json::array());
  // Three operations of three points each, one of which can fail.
  const json counts = categories(result);
  EXPECT_EQ(counts["nmi"]["visited"], 9);
  EXPECT_EQ(counts["sticky"]["visited"], 3);
  // Nothing asks again after the last one.
  EXPECT_EQ(counts["transient"]["visited"], 2);
  EXPECT_EQ(counts["transient"]["equal"], 1);
  EXPECT_EQ(counts["switched"]["visited"], 6);  // from task0; task1 runs when that is over
  EXPECT_EQ(result["targets"][0]["never_reached"], json({"tiny.unused"}));
}

TEST_F(Sweep, OptionsChooseWhatIsTried) {
  const std::string file =
      write("program", "anyctx 1 target=clean\ntask0: act()\ntask1: act()\nnmi0: act()\n");
  const json faults = categories(sweep({"--faults", file}, 0));
  EXPECT_EQ(faults["sticky"]["visited"], 2);
  EXPECT_EQ(faults["nmi"]["visited"], 0);
  const json frozen = categories(sweep({"--freeze", file}, 0));
  EXPECT_EQ(frozen["sticky"]["visited"], 0);
  EXPECT_EQ(frozen["nmi"]["visited"], 6);
  EXPECT_EQ(frozen["frozen"]["visited"], 3);
}

TEST_F(Sweep, OneDecisionFindsWhatNeedsOne) {
  const Captured result =
      tool({"sweep", write("program",
                           "anyctx 1 target=verdict\ntask0: act()\nnmi0: act()\n"
                           "at task0.0 tiny.limit#1: nmi0\n")});
  EXPECT_EQ(result.exit.code, 77);
  EXPECT_THAT(result.output,
              HasSubstr("VERDICT spurious-failure: an operation does not fail in an"));
  EXPECT_THAT(result.output, HasSubstr("! at tiny.limit#1: fail"));
  EXPECT_THAT(result.output, HasSubstr("1 findings"));
  // The program is saved, and shows the same by itself.
  const std::string line = "replay    ./anyctx replay ";
  const std::size_t at = result.output.find(line) + line.size();
  const std::string file = result.output.substr(at, result.output.find('\n', at) - at);
  const Captured replayed = tool({"replay", file});
  EXPECT_EQ(replayed.exit.code, 77);
  EXPECT_THAT(replayed.output, HasSubstr("VERDICT spurious-failure"));
}

TEST_F(Sweep, TwoDecisionsFindWhatNeedsTwo) {
  const std::string file = write("program", "anyctx 1 target=verdict\ntask0: act()\nnmi0: act()\n");
  EXPECT_EQ(sweep({file}, 0)["findings"].size(), 0u);
  const json result = sweep({"--depth", "2", file}, 77);
  EXPECT_EQ(result["findings"].size(), 1u);
  EXPECT_EQ(result["complete"], true);
  // Three places, then one that can fail: transient and sticky are one where nothing asks again.
  EXPECT_EQ(result["targets"][0]["pairs"]["not_taken"], 0);
  EXPECT_EQ(result["targets"][0]["pairs"]["visited"], result["targets"][0]["pairs_possible"]);
}

TEST_F(Sweep, BudgetLimitsPairs) {
  const std::string file =
      write("program", "anyctx 1 target=clean\ntask0: act()\n act()\nnmi0: act()\n");
  const json result = sweep({"--depth", "2", "--budget", "1", file}, 0);
  EXPECT_EQ(result["complete"], false);
  EXPECT_LT(result["targets"][0]["pairs"]["visited"], result["targets"][0]["pairs_possible"]);
}

TEST_F(Sweep, EveryScheduleWithSoManySwitches) {
  const std::string file =
      write("program", "anyctx 1 target=clean\ntask0: act()\n       act()\ntask1: act()\n");
  const json all = sweep({"--schedules", "2", "--no-reduction", file}, 0)["targets"][0];
  // From each of six visits to the second task, and from each of its three back.
  EXPECT_EQ(all["schedules"][0]["visited"], 6);
  EXPECT_EQ(all["schedules"][1]["visited"], 18);
  EXPECT_EQ(all["runs"], 24);
  EXPECT_EQ(all["complete"], true);
  EXPECT_EQ(categories(sweep({"--schedules", "2", file}, 0))["switched"]["visited"], 0);
  const auto runs = [&](const char* shard) -> int {
    return sweep({"--schedules", "2", "--no-reduction", "--shard", shard, file},
                 0)["targets"][0]["runs"];
  };
  EXPECT_EQ(runs("1/2") + runs("2/2"), 24);
}

TEST_F(Sweep, ProgramThatIsABugByItself) {
  const json result = sweep({write("program", kVerdictProgram)}, 77);
  EXPECT_EQ(result["findings"].size(), 1u);
  EXPECT_EQ(result["findings"][0]["kind"], "spurious-failure");
}

TEST_F(Sweep, GoesOnBehindACrash) {
  const std::string file = write("program",
                                 "anyctx 1 target=crash\ntask0: act()\n       act()\n       act()\n"
                                 "at task0.0 tiny.limit#1: fail\n");
  const json result = sweep({"--sanitizer", "address", "--faults", file}, 77);
  ASSERT_EQ(result["findings"].size(), 1u);
  EXPECT_THAT(std::string(result["findings"][0]["signature"]), HasSubstr("heap-use-after-free"));
  EXPECT_EQ(result["targets"][0]["batches_done"], result["targets"][0]["batches"]);
  EXPECT_EQ(tool({"replay", "--sanitizer", "address", result["findings"][0]["file"]}).exit.code,
            77);
}

TEST_F(Sweep, RunThatDoesNotEndIsEnded) {
  const std::string file = write("program", "anyctx 1 target=hang\ntask0: act()\n");
  const json result = sweep({"--timeout", "1s", "--faults", file}, 70);
  ASSERT_EQ(result["findings"].size(), 1u);
  EXPECT_EQ(result["findings"][0]["kind"], "timeout");
}

TEST_F(Sweep, StoppedEarlyIsNotComplete) {
  Words files = this->files();
  files.push_back(write("hang", "anyctx 1 target=hang\ntask0: act()\n"));
  files.insert(files.begin(), {"--faults", "--time", "1s", "--jobs", "1"});
  const json result = sweep(files, 0);
  EXPECT_EQ(result["complete"], false);
  EXPECT_EQ(result["targets"][0]["complete"], true);  // of the other target
}

TEST_F(Sweep, ShardsAddUp) {
  const auto runs = [&](const Words& more) -> int {
    return sweep(with(more), 0)["targets"][0]["runs"];
  };
  const int all = runs({});
  EXPECT_GT(all, 0);
  EXPECT_EQ(runs({"--shard", "1/3"}) + runs({"--shard", "2/3"}) + runs({"--shard", "3/3"}), all);
}

TEST_F(Sweep, GoesOnWhereItWas) {
  const std::string out = root_ / "out";
  const Words command = with({"--out", out, "--jobs", "1"});
  const json whole = sweep(command, 0);
  // One batch is kept, with a mark, and the last line was cut short.
  std::istringstream in(read(root_ / "out/journal.jsonl"));
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    json entry = json::parse(line);
    const bool batch = entry.contains("batch");
    if (batch) entry["tally"]["runs"] = 1000;
    kept += entry.dump() + "\n";
    if (batch) break;
  }
  write("out/journal.jsonl", kept + "{\"program\":");
  const json resumed = sweep(command, 0);
  EXPECT_EQ(resumed["targets"][0]["batches_done"], 4);
  EXPECT_EQ(resumed["targets"][0]["runs"].get<int>(),
            whole["targets"][0]["runs"].get<int>() / 4 * 3 + 1000);
  EXPECT_EQ(resumed["targets"][0]["programs"], 4);
}

TEST_F(Sweep, Errors) {
  const std::string file = write("program", kCleanProgram);
  expect_error({"sweep"}, "SUBJECT is required; see ./anyctx sweep --help");
  expect_error({"sweep", "cleen"}, "cleen: no such file or target; targets are clean verdict");
  expect_error({"sweep", "clean"}, "the corpus of the target is empty");
  expect_error({"sweep", "--shard", "0/2", file}, "'0/2' is not K/N");
  expect_error({"sweep", "--shard", "3", file}, "'3' is not K/N");
  expect_error({"sweep", "--depth", "3", file}, "--depth");
  expect_error({"sweep", "--scope", "2", "clean"}, "target clean has no small scope");
  expect_error({"sweep", "--schedules", "1", "--faults", file},
               "--schedules is a sweep of its own: drop --faults");
  expect_error({"sweep", "--no-reduction", file}, "add --schedules N");
  expect_error({"sweep", write("foreign", "12345")}, "foreign: not an anyctx program");
  sweep({"--out", root_ / "out", file}, 0);
  expect_error({"sweep", "--faults", "--out", root_ / "out", file}, "is of another sweep");
}

}  // namespace
}  // namespace anyctx::triage
