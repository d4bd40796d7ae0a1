// anyctx minimize and export, on verdicts, crashes and hangs.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using ::testing::HasSubstr;

class Minimize : public ToolBed {
 protected:
  Path out() const { return root_ / "out.txt"; }
};

TEST_F(Minimize, VerdictOfAWalkIsWrittenOutAndMadeSmall) {
  const std::string file = write("walk",
                                 "anyctx 1 target=verdict cpus=2\n"
                                 "task0: act()\n       act()\n       rest()\n       act()\n"
                                 "task1: act()\n       rest()\n"
                                 "nmi0: rest()\n       act()\n       act()\n"
                                 "walk rate=1 seed=1\n");
  const Captured result = tool({"minimize", file, "-o", out()});
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("-> 2 ops, 2 decisions, "));
  EXPECT_THAT(read(out()), HasSubstr("# VERDICT spurious-failure: an operation does not fail"));
  EXPECT_THAT(read(out()), HasSubstr("#   expected  0 failures\n#   found     1 failure\n"));
  EXPECT_THAT(read(out()), HasSubstr("anyctx 1 target=verdict\ntask0: act()\nnmi0:  act()\n"));
  EXPECT_THAT(read(out()), HasSubstr("at nmi0.0 tiny.limit#1: fail\n"));
  EXPECT_EQ(tool({"replay", out()}).exit.code, 77);
}

TEST_F(Minimize, TwiceIsTheSame) {
  const std::string file = write("program", kVerdictProgram);
  ASSERT_EQ(tool({"minimize", file, "-o", out()}).exit.code, 0);
  const std::string first = read(out());
  ASSERT_EQ(tool({"minimize", file, "-o", out()}).exit.code, 0);
  EXPECT_EQ(read(out()), first);
  ASSERT_EQ(tool({"minimize", out(), "-o", out()}).exit.code, 0);
  EXPECT_EQ(read(out()), first);
}

TEST_F(Minimize, BinaryInputOfAnEngine) {
  const std::string text = write("program.txt", kVerdictProgram);
  const Path binary = root_ / "crash-1234";
  ASSERT_EQ(tool({"convert", text, "-o", binary}).exit.code, 0);
  const Captured result = tool({"minimize", binary, "-o", out(), "--json"});
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["class"], "wrong-result");
  EXPECT_EQ(json["after"]["ops"], 2);
  EXPECT_EQ(json["after"]["decisions"], 2);
}

TEST_F(Minimize, CrashThatOnlyASanitizerSees) {
  const std::string file = write("program",
                                 "anyctx 1 target=crash cpus=2\n"
                                 "task0: act()\n       rest()\n       act()\n       act()\n"
                                 "task1: rest()\n"
                                 "nmi0:  act()\n"
                                 "at task0.0 tiny.limit#1: fail sticky\n");
  const Captured result = tool({"minimize", file, "-o", out()});
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  EXPECT_THAT(result.output,
              HasSubstr("AddressSanitizer: heap-use-after-free in tiny_targets.cpp"));
  EXPECT_THAT(result.output, HasSubstr("replay --sanitizer address"));
  EXPECT_THAT(read(out()), HasSubstr("anyctx 1 target=crash\ntask0: act()\n       act()\n"
                                     "at task0.0 tiny.limit#1: fail sticky\n"));
}

TEST_F(Minimize, HangAndItsWalk) {
  const std::string file = write("program",
                                 "anyctx 1 target=hang\ntask0: rest()\n       act()\n       act()\n"
                                 "walk rate=1 seed=3\n");
  const Captured result = tool({"minimize", file, "-o", out(), "--timeout", "1s"});
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("the run does not end"));
  EXPECT_THAT(read(out()), HasSubstr("anyctx 1 target=hang\ntask0: act()\n"
                                     "at task0.0 tiny.limit#1: fail\n"));
}

TEST_F(Minimize, Errors) {
  expect_error({"minimize", "x"}, "--output is required");
  expect_error({"minimize", write("clean", kCleanProgram), "-o", out()},
               "clean shows no bug: there is nothing to keep");
  expect_error({"minimize", root_ / "nothing", "-o", out()}, "No such file");
  expect_error({"minimize", write("junk", "junk"), "-o", out()}, "not an anyctx program");
  expect_error({"minimize", write("program", kVerdictProgram), "-o", root_ / "no/such/place"},
               "cannot write");
  EXPECT_FALSE(std::filesystem::exists(out()));
}

TEST_F(Minimize, ExportMakesATestAndAProgramOfTheCorpus) {
  const std::string file = write("program",
                                 "anyctx 1 target=verdict cpus=2\n"
                                 "task0: rest()\n       act()\n"
                                 "nmi0:  act()\n"
                                 "at task0.1 tiny.limit#1: nmi0\n"
                                 "at nmi0.0 tiny.limit#1: fail\n");
  const Words words{"export", file, "--as", "gtest", "--name", "nmi-fails"};
  const Captured result = tool(words);
  EXPECT_EQ(result.exit.code, 0) << result.errors;
  const std::string smallest =
      "anyctx 1 target=verdict\ntask0: act()\nnmi0:  act()\n"
      "at task0.0 tiny.limit#1: nmi0\nat nmi0.0 tiny.limit#1: fail\n";
  const std::string kept = read(root_ / "corpus/verdict/regress/nmi_fails.txt");
  EXPECT_THAT(kept, ::testing::StartsWith("# VERDICT spurious-failure: an operation does not"));
  EXPECT_THAT(kept, HasSubstr("! at tiny.limit#1: fail"));
  EXPECT_THAT(kept, ::testing::EndsWith("\n" + smallest));
  EXPECT_EQ(tool({"replay", root_ / "corpus/verdict/regress/nmi_fails.txt"}).exit.code, 77);
  const std::string test = read(root_ / "tests/regress/nmi_fails_test.cpp");
  EXPECT_THAT(test, HasSubstr("TEST(Regress, NmiFails) {"));
  EXPECT_THAT(test, HasSubstr("R\"program(" + smallest + ")program\""));
  EXPECT_THAT(test, HasSubstr("// Shown by: ./anyctx replay corpus/verdict/regress/nmi_fails.txt"));
  expect_error(words, "nmi_fails.txt is there already; remove it, or choose another --name");
}

TEST_F(Minimize, ASelftestOfBpfIsForArenas) {
  const std::string file = write("program", kVerdictProgram);
  expect_error(
      {"export", file, "--as", "bpf", "-o", root_ / "selftests"},
      "--as bpf: only findings in arenas (target arena) become BPF selftests: what verdict "
      "does is not called");
  EXPECT_FALSE(std::filesystem::exists(root_ / "selftests"));
}

TEST_F(Minimize, ExportErrors) {
  const std::string file = write("program", kVerdictProgram);
  expect_error({"export", file}, "--as is required");
  expect_error({"export", file, "--as", "kunitt"},
               "nothing exports to 'kunitt'; there is gtest kunit bpf; did you mean kunit?");
  expect_error({"export", file, "--as", "kunit"}, "--as kunit: there is no KUnit test of verdict;");
  expect_error({"export", file, "--as", "gtest", "--name", "a b"}, "other characters than");
  expect_error({"export", write("clean", kCleanProgram), "--as", "gtest"}, "shows no bug");
  EXPECT_FALSE(std::filesystem::exists(root_ / "corpus"));
  EXPECT_FALSE(std::filesystem::exists(root_ / "work"));
}

}  // namespace
}  // namespace anyctx::triage
