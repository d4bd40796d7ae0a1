// What a person gets wrong or finds missing: exit code 2 and one line that says what to do.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

class Errors : public ToolBed {};

TEST_F(Errors, CommandLine) {
  expect_error({}, "see ./anyctx --help");
  expect_error({"fuz"}, "see ./anyctx --help");
  expect_error({"replay"}, "FILE is required; see ./anyctx replay --help");
  expect_error({"fuzz", "--bogus"}, "--bogus; see ./anyctx fuzz --help");
  expect_error({"fuzz", "--engine", "honggfuzz"}, "honggfuzz not in {");
  expect_error({"fuzz", "--sanitizer", "memory"}, "memory not in {");
  expect_error({"fuzz", "--jobs", "0"}, "--jobs");
  expect_error({"fuzz", "--time", "5x"}, "'5x' is not a time; write 90s, 5m or 8h");
  expect_error({"replay", "--timeout", "0", "x"}, "'0' is not a time; write 90s, 5m or 8h");
}

TEST_F(Errors, Parameters) {
  expect_error({"fuzz", "clean", "--param", "cpu=1", "--time", "1s"},
               "cpu: no such parameter of target clean; did you mean cpus?");
  expect_error({"convert", "--param", "cpus=9", write("program", kCleanProgram)}, "cpus");
  expect_error({"convert", "--param", "cpus", write("program", kCleanProgram)},
               "expected '=' and a value");
}

TEST_F(Errors, UnknownTarget) {
  expect_error(
      {"fuzz", "cleen"},
      "unknown target 'cleen'; there are clean verdict crash hang idle; did you mean clean?");
  expect_error({"points", "x"}, "unknown target 'x'; there are clean");
  expect_error({"replay", "--raw", "x", write("foreign", "12345")},
               "unknown target 'x'; there are");
}

TEST_F(Errors, FilesThatAreNoPrograms) {
  for (const char* subcommand : {"replay", "convert"}) {
    expect_error({subcommand, root_ / "nothing"},
                 "cannot read " + (root_ / "nothing").string() +
                     ": No such file or directory; check the path");
    expect_error({subcommand, root_}, "Is a directory");
    expect_error({subcommand, write("empty", "")}, "empty; for raw bytes of a fuzzer, add --raw");
    expect_error({subcommand, write("elf",
                                    "\x7f"
                                    "ELF")},
                 "elf: not an anyctx program");
    expect_error({subcommand, write("magic",
                                    "\x8e"
                                    "ACX")},
                 "magic: truncated: 4 bytes, the header alone has 8; fetch or write it again");
    expect_error({subcommand, write("newer", "anyctx 99 target=clean\n")},
                 "newer: written by a newer anyctx");
    expect_error({subcommand, write("whose", "anyctx 1\n")},
                 "whose: the first line names no target");
    expect_error({subcommand, write("other", "anyctx 1 target=other\n")},
                 "other: unknown target 'other'; there are clean");
    expect_error({subcommand, write("typo", "anyctx 1 target=clean\ntask0: act(\n")}, "typo:2:");
  }
}

TEST_F(Errors, TruncatedBinaryProgram) {
  const Path whole = root_ / "whole";
  ASSERT_EQ(tool({"convert", write("program", kCleanProgram), "-o", whole}).exit.code, 0);
  const std::string bytes = read(whole);
  expect_error({"replay", write("part", bytes.substr(0, bytes.size() - 1))}, "part: truncated: ");
  std::string foreign = bytes;
  foreign[5] = 77;
  expect_error({"replay", write("foreign", foreign)}, "for a target with number 77");
}

TEST_F(Errors, MissingOrBrokenBinaries) {
  std::filesystem::remove(fuzzer("clean"));
  expect_error({"fuzz", "clean"},
               "clean_fuzzer: No such file or directory; start it through ./anyctx");
  std::filesystem::remove(runner());
  for (const Words& arguments : {Words{"fuzz"}, Words{"points"}, Words{"replay", "x"}}) {
    expect_error(arguments, "anyctx-run: No such file or directory; start it through ./anyctx");
  }
  link("/bin/false", runner());
  expect_error({"fuzz"}, "anyctx-run does not work; remove the folder build and start again");
}

TEST_F(Errors, FuzzerThatDoesNotStart) {
  link("/bin/false", fuzzer("clean"));
  expect_error({"fuzz", "clean"}, "the fuzzer of clean does not work; its words are in");
}

TEST_F(Errors, FullDisk) {
  const std::string program = write("program", kCleanProgram);
  expect_error({"convert", program, "-o", "/dev/full"},
               "cannot write /dev/full: No space left on device; make room");
  expect_error({"replay", program, "--record", "/dev/full"},
               "cannot write /dev/full: No space left on device; make room");
  link("/dev/full", root_ / "work/clean/log-0.txt");
  expect_error({"fuzz", "clean", "--time", "2"}, "log-0.txt; make room or choose --out");
}

TEST_F(Errors, FullDiskUnderAFuzzer) {
  const Captured result = capture({{fuzzer("clean"), "--stats=/dev/full", "-runs=10"}, {}});
  EXPECT_EQ(result.exit.code, 2);
  EXPECT_THAT(result.errors,
              ::testing::HasSubstr("anyctx: cannot write /dev/full: No space left on device"));
}

TEST_F(Errors, FoldersThatCannotBe) {
  const std::string file = write("file", "");
  expect_error({"fuzz", "clean", "--out", file + "/out"}, "Not a directory; check space and");
  expect_error({"convert", write("a", kCleanProgram), write("b", kCleanProgram)},
               "several files need a folder to go to; add -o FOLDER");
}

TEST_F(Errors, SeedThatIsNoProgram) {
  write("corpus/clean/seeds/bad.txt", "anyctx 1 target=clean\ntask0: jump()\n");
  expect_error({"fuzz", "clean"}, "corpus/clean/seeds/bad.txt:2:");
}

}  // namespace
}  // namespace anyctx::triage
