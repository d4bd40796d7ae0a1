// anyctx replay and convert.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class Replay : public ToolBed {};

TEST_F(Replay, CleanProgramHasADigest) {
  const std::string file = write("program", kCleanProgram);
  const Captured result = tool({"replay", file});
  EXPECT_EQ(result.exit.code, 0);
  EXPECT_THAT(result.output, ContainsRegex("^digest [0-9a-f]{16}  " + file + "\n$"));
  EXPECT_EQ(result.errors, "");
}

TEST_F(Replay, VerdictTellsItsStory) {
  const std::string file = write("program", kVerdictProgram);
  const Captured result = tool({"replay", file});
  EXPECT_EQ(result.exit.code, 77);
  EXPECT_THAT(result.output, HasSubstr("anyctx: VERDICT spurious-failure: an operation does not"));
  EXPECT_THAT(result.output, HasSubstr("! at tiny.limit#1: fail"));
  EXPECT_THAT(result.output, HasSubstr("./anyctx replay " + file));
}

TEST_F(Replay, RepeatProvesDeterminism) {
  const std::string clean = write("clean", kCleanProgram);
  const std::string verdict = write("verdict", kVerdictProgram);
  const Captured result = tool({"replay", clean, verdict, "--repeat", "100"});
  EXPECT_EQ(result.exit.code, 77);
  EXPECT_THAT(result.output, ContainsRegex("100/100 identical digests  [0-9a-f]{16}  " + clean));
  EXPECT_THAT(result.output, ContainsRegex("100/100 identical digests  [0-9a-f]{16}  " + verdict));
}

TEST_F(Replay, TraceShowsEveryPoint) {
  const Captured result = tool({"replay", "--trace", write("program", kCleanProgram)});
  EXPECT_EQ(result.exit.code, 0);
  EXPECT_THAT(result.output, ContainsRegex("task0.0: act.*\n.*op.begin#1\n.*tiny.limit#1\n"));
}

TEST_F(Replay, JsonIsOneObject) {
  const Captured result = tool({"replay", "--json", write("program", kVerdictProgram)});
  EXPECT_EQ(result.exit.code, 77);
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["exit"], 77);
  EXPECT_EQ(json["files"][0]["target"], "verdict");
  EXPECT_EQ(json["files"][0]["verdict"]["kind"], "spurious-failure");
  EXPECT_EQ(json["files"][0]["verdict"]["operation"], "act");
  EXPECT_EQ(json["files"][0]["verdict"]["context"], "nmi");
  EXPECT_THAT(std::string(json["files"][0]["digest"]), ContainsRegex("^[0-9a-f]{16}$"));
}

TEST_F(Replay, RecordWritesOutWhatAWalkDid) {
  const std::string walk = write("walk",
                                 "anyctx 1 target=verdict\n"
                                 "task0: act()\n       act()\n       act()\n"
                                 "nmi0: act()\n       act()\n"
                                 "walk rate=1 seed=1\n");
  const Path recorded = root_ / "recorded";
  const Captured before = tool({"replay", walk, "--record", recorded});
  EXPECT_EQ(before.exit.code, 77);
  EXPECT_THAT(read(recorded), HasSubstr("# anyctx: VERDICT"));
  EXPECT_THAT(read(recorded), HasSubstr(": fail"));
  EXPECT_THAT(read(recorded), ::testing::Not(HasSubstr("walk")));
  const Captured after = tool({"replay", recorded});
  EXPECT_EQ(after.exit.code, 77);
  const auto digest = [](const std::string& output) {
    return output.substr(output.find("digest "), 23);
  };
  EXPECT_EQ(digest(before.output), digest(after.output));
}

TEST_F(Replay, EndlessRunTimesOut) {
  const std::string file =
      write("program", "anyctx 1 target=hang\ntask0: act()\nat task0.0 tiny.limit#1: fail\n");
  const Captured result = tool({"replay", "--timeout", "1s", file});
  EXPECT_EQ(result.exit.code, 70);
  EXPECT_THAT(result.errors, HasSubstr("anyctx: " + file + " did not end within 1 s"));
}

TEST_F(Replay, SanitizerSeesWhatThePlainBuildDoesNot) {
  const std::string file = write("program",
                                 "anyctx 1 target=crash\ntask0: act()\n       act()\n"
                                 "at task0.0 tiny.limit#1: fail sticky\n");
  EXPECT_EQ(tool({"replay", file}).exit.code, 0);
  const Path recorded = root_ / "recorded";
  const Captured result = tool({"replay", "--sanitizer", "address", "--record", recorded, file});
  EXPECT_EQ(result.exit.code, 77);
  EXPECT_THAT(result.errors, HasSubstr("heap-use-after-free"));
  EXPECT_THAT(read(recorded), HasSubstr("tiny.limit#1: fail sticky"));
}

TEST_F(Replay, RawBytesAreAProgramOfSomeTarget) {
  const std::string file = write("raw", std::string("\0\1\2\3", 4));
  EXPECT_EQ(tool({"replay", "--raw", "clean", file}).exit.code, 0);
}

class Convert : public ToolBed {};

TEST_F(Convert, TextToBinaryAndBack) {
  const std::string text = write("program.txt", kVerdictProgram);
  const Path binary = root_ / "program.bin";
  ASSERT_EQ(tool({"convert", text, "-o", binary}).exit.code, 0);
  EXPECT_THAT(read(binary), ::testing::StartsWith("\x8e"
                                                  "ACX"));
  const Captured back = tool({"convert", binary});
  EXPECT_EQ(back.exit.code, 0);
  EXPECT_EQ(back.output, kVerdictProgram);
  EXPECT_EQ(tool({"convert", text, "--to", "text"}).output, kVerdictProgram);
}

TEST_F(Convert, SeveralFilesIntoAFolder) {
  const Words files = {write("a.txt", kCleanProgram), write("b.txt", kVerdictProgram)};
  std::filesystem::create_directory(root_ / "out");
  ASSERT_EQ(tool({"convert", files[0], files[1], "-o", root_ / "out"}).exit.code, 0);
  EXPECT_EQ(tool({"convert", root_ / "out/a.bin"}).output, kCleanProgram);
  EXPECT_EQ(tool({"convert", root_ / "out/b.bin"}).output, kVerdictProgram);
}

TEST_F(Convert, RawBytesBecomeText) {
  const std::string file = write("raw", std::string("\3\0\0\0\0\0\0\0", 8));
  EXPECT_THAT(tool({"convert", "--raw", "clean", file}).output,
              ::testing::StartsWith("anyctx 1 target=clean"));
}

}  // namespace
}  // namespace anyctx::triage
