// What is made of lcov files: lines that only faults reach, branches that nothing enters.
#include "triage/report/line_coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace anyctx::triage {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// 1 if (failed) {          2 and 3: only with a fault
// 2   if (again)
// 3     retry();           4: never
// 4   give_up();
// 5 }
// 6 if (other) never();    7: never, but no branch of 6 leads there
constexpr std::string_view kPlain =
    "SF:/root/lib/a.h\nDA:1,5\nDA:2,0\nDA:3,0\nDA:4,0\nDA:6,5\nDA:7,0\n"
    "BRDA:1,0,0,0\nBRDA:1,0,1,5\nBRDA:2,0,0,-\nBRDA:2,0,1,-\nBRDA:6,0,0,5\nend_of_record\n";
constexpr std::string_view kFaulty =
    "SF:/root/lib/a.h\nDA:1,9\nDA:2,4\nDA:3,4\nDA:4,0\nDA:6,9\nDA:7,0\n"
    "BRDA:1,0,0,4\nBRDA:1,0,1,5\nBRDA:3,0,0,4\nBRDA:3,0,1,0\nBRDA:6,0,0,9\nend_of_record\n";

TEST(LineCoverage, ReadsLcov) {
  const LineCoverage coverage = parse_lcov(kFaulty, "/root");
  ASSERT_EQ(coverage.count("lib/a.h"), 1u);
  const FileCoverage& file = coverage.at("lib/a.h");
  EXPECT_EQ(file.lines.at(2), 4u);
  EXPECT_EQ(file.branches.at({3, "0,1"}), 0u);
}

TEST(LineCoverage, AddsUpWhatIsNamedTwice) {
  const std::string twice = std::string(kFaulty) + std::string(kFaulty);
  EXPECT_EQ(parse_lcov(twice, "/root").at("lib/a.h").lines.at(2), 8u);
}

TEST(LineCoverage, TellsLinesApart) {
  const FaultCoverage coverage = compare(parse_lcov(kPlain, "/root"), parse_lcov(kFaulty, "/root"));
  ASSERT_EQ(coverage.files.size(), 1u);
  EXPECT_EQ(coverage.files[0].without_faults, 2u);
  EXPECT_EQ(coverage.files[0].only_with_faults, 2u);
  EXPECT_EQ(coverage.files[0].never, 2u);
}

TEST(LineCoverage, FilesThatNothingReachedAreCounted) {
  const LineCoverage none = parse_lcov("SF:/root/lib/b.h\nDA:1,0\nend_of_record\n", "/root");
  const std::string text = fault_coverage_text(compare(none, none));
  EXPECT_THAT(text, HasSubstr("1 more files, in which nothing was reached"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("lib/b.h")));
}

TEST(LineCoverage, BranchesThatNothingEnteredComeFirst) {
  const FaultCoverage coverage = compare(parse_lcov(kPlain, "/root"), parse_lcov(kFaulty, "/root"));
  ASSERT_EQ(coverage.never_entered.size(), 1u);
  EXPECT_EQ(coverage.never_entered[0].line, 3u);
  EXPECT_EQ(coverage.never_entered[0].behind.first, 4u);
  const std::string text = fault_coverage_text(coverage);
  EXPECT_THAT(text, StartsWith("branches that nothing entered, with or without a fault: 1\n"));
  EXPECT_THAT(text, HasSubstr("lib/a.h:3: lines 4 to 4 never ran"));
  EXPECT_THAT(text, HasSubstr("together                                           2"));
}

}  // namespace
}  // namespace anyctx::triage
