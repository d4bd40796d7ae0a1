// anyctx mutants: what is said of planted bugs that are found, that are not, and that no longer
// apply; and that results are kept.
#include "tests/cli/tool_bed.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Mutants : public ToolBed {
 protected:
  /// Patches whose targets are planted bugs themselves, and what "builds" them.
  Mutants() {
    const Path build = root_ / "tests/mutants/build";
    write("tests/mutants/build",
          "#!/bin/sh\nset -e\nroot=" + root_.string() +
              "\nplace=$root/build/mutants/$1\n"
              "case $1 in stale*) echo \"mutants: $1: the patch does not apply any more\" >&2; "
              "exit 2;; esac\n"
              "mkdir -p $place/build/fuzz-address/bin $place/build/tool\n"
              "ln -sf $root/build/fuzz-address/bin/* $place/build/fuzz-address/bin/\n"
              "ln -sfn ../fuzz-address/bin $place/build/tool/bin\n");
    std::filesystem::permissions(build, std::filesystem::perms::owner_all);
    plant("K01-verdict", "verdict", "spurious-failure\nFamily:   spurious failure");
    plant("K02-other", "verdict", "overlap");
    plant("clean-one", "clean", "overlap");
    plant("stale-one", "clean", "overlap");
  }

  void plant(const std::string& id, const std::string& target, const std::string& expected) {
    write("tests/mutants/" + id + ".patch",
          "Mistake:  A test's.\nTarget:   " + target + "\nExpected: " + expected + "\n\n--- a\n");
  }

  json report(const Words& more) const {
    Words words = {"mutants", "--json", "--replays", "3", "--time", "2"};
    words.insert(words.end(), more.begin(), more.end());
    const Captured result = tool(words);
    const json parsed = json::parse(result.output, nullptr, false);
    EXPECT_TRUE(parsed.is_object()) << result.output << result.errors;
    return parsed;
  }
};

TEST_F(Mutants, FoundOnesAreReplayedAndMinimized) {
  const json row = report({"K01", "--trials", "2"})["mutants"][0];
  EXPECT_EQ(row["id"], "K01-verdict");
  EXPECT_EQ(row["kind"], "spurious-failure") << row.dump();
  EXPECT_EQ(row["verdict"], "expected");
  EXPECT_EQ(row["as_it_should_be"], true);
  EXPECT_EQ(row["smallest"]["same"], 3);
  EXPECT_EQ(row["searches"][0]["trials"].size(), 2u);
}

TEST_F(Mutants, AFindingThatProvesNothingIsNotEnough) {
  const Captured result = tool({"mutants", "K02", "--time", "2", "--replays", "1"});
  EXPECT_EQ(result.exit.code, 77) << result.output;
  EXPECT_THAT(result.output, HasSubstr("(not expected)"));
  EXPECT_THAT(result.output, HasSubstr("0 of 1 as they should be"));
}

TEST_F(Mutants, OnesThatAreNotFoundSayWhetherTheyMatteredToAnything) {
  const json row = report({"clean-one"})["mutants"][0];
  EXPECT_EQ(row["verdict"], "no difference") << row.dump();
  EXPECT_GT(row["reach"]["inputs"], 0);
  EXPECT_EQ(row["reach"]["differ"], 0);
  EXPECT_EQ(row["as_it_should_be"], false);
}

TEST_F(Mutants, ResultsAreKept) {
  const json first = report({"K01", "--out", (root_ / "kept").string()});
  const json again = report({"K01", "--out", (root_ / "kept").string(), "--trials", "2"});
  const json& before = first["mutants"][0]["searches"][0]["trials"];
  const json& after = again["mutants"][0]["searches"][0]["trials"];
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0], before[0]);
}

TEST_F(Mutants, WhatCannotBePlantedIsAnError) {
  expect_error({"mutants", "nothing-like-it"}, "no mutant begins with 'nothing-like-it'");
  expect_error({"mutants", "K01", "--engine", "fast"}, "--engine: 'fast' is none of libfuzzer");
  const Captured stale = tool({"mutants", "stale"});
  EXPECT_EQ(stale.exit.code, 2);
  EXPECT_THAT(stale.errors, HasSubstr("does not apply any more"));
}

}  // namespace
}  // namespace anyctx::triage
