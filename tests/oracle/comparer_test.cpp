// The comparer: what is compared, where it ends, and that no difference behind the end is anybody's
// fault. A subject that answers wrongly beside ours.
#include "fuzzers/engine/comparer.h"

#include <gtest/gtest.h>

#include "fuzzers/ops/text.h"
#include "fuzzers/targets/range_tree_target.h"
#include "lib/sync/sites.h"

namespace anyctx::engine {
namespace {

using inject::Action;
using inject::ActionKind;
using inject::Event;
using inject::EventKind;
using inject::Lane;
using inject::LaneKind;
using inject::OpRef;
using machine::point;
using machine::Verb;

constexpr machine::PointId kLock = point(sync::site::rq_word, Verb::cas);
constexpr machine::PointId kOpEnd = point(machine::site_op, Verb::end);
constexpr OpRef kFirst{{LaneKind::task, 0}, 0, 0};
constexpr OpRef kSecond{{LaneKind::task, 0}, 1, 0};
constexpr OpRef kOther{{LaneKind::nmi, 0}, 0, 0};
constexpr std::uint64_t kDone = 0;
constexpr std::uint64_t kFailed = 1;

constexpr std::uint64_t answer(std::uint64_t number, std::uint64_t outcome = kDone) {
  return number << 2 | outcome;
}

Event event(EventKind kind, const OpRef& where, std::uint64_t value = 0) {
  Event result;
  result.kind = kind;
  result.where = where;
  result.value = value;
  return result;
}

Event decision(const OpRef& where, machine::PointId at, ActionKind kind, Lane lane = {}) {
  Event result = event(EventKind::decision, where);
  result.point = at;
  result.occurrence = 1;
  result.action = {kind, lane, 0};
  return result;
}

Event cause(const OpRef& where, machine::PointId at) {
  Event result = event(EventKind::fail, where);
  result.point = at;
  return result;
}

using Events = std::vector<Event>;

Events operator+(Events left, const Events& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Events op(const OpRef& where, std::uint64_t value, const Events& inside = {}) {
  return Events{event(EventKind::op_begin, where)} + inside +
         Events{event(EventKind::op_end, where, value)};
}

class ComparerTest : public testing::Test {
 protected:
  Compared compare(const Events& subject, const Events& reference, bool passes_known = false) {
    const std::optional<inject::Verdict> none;
    return engine::compare(schema_, program_, comparison_, passes_known, {subject, none},
                           {reference, ended_});
  }

  const program::Schema& schema_ = *target::range_tree_target().schema;
  program::Program program_ =
      program::parse_text(schema_,
                          "anyctx 1 target=range_tree\ntask0: clear(4, 25)\n       find(1)\n"
                          "nmi0: find(2)\n")
          .program.value();
  Comparison comparison_;
  std::optional<inject::Verdict> ended_;
};

TEST_F(ComparerTest, EqualAnswersAreCounted) {
  const Events run = op(kFirst, answer(0)) + op(kSecond, answer(29));
  const Compared compared = compare(run, run);
  EXPECT_FALSE(compared.verdict);
  EXPECT_FALSE(compared.cut);
  EXPECT_EQ(compared.count.compared, 2u);
  EXPECT_EQ(compared.count.rest, 0u);
}

TEST_F(ComparerTest, ADifferenceIsAVerdictWithBothAnswers) {
  const Compared compared = compare(op(kFirst, answer(0)) + op(kSecond, answer(29)),
                                    op(kFirst, answer(0)) + op(kSecond, answer(0)));
  ASSERT_TRUE(compared.verdict);
  EXPECT_EQ(compared.verdict->kind, inject::VerdictKind::disagreement);
  EXPECT_EQ(compared.verdict->rule, "both subjects, told the same, answer find alike");
  EXPECT_EQ(compared.verdict->expected, "done (0)");
  EXPECT_EQ(compared.verdict->found, "done (29)");
  EXPECT_EQ(compared.verdict->where, kSecond);
  EXPECT_EQ(compared.at, 4u);
}

TEST_F(ComparerTest, NothingBehindADecisionThatOneMetIsCompared) {
  const Events fails{decision(kFirst, kLock, ActionKind::fail)};
  const Compared compared = compare(op(kFirst, answer(12, kFailed), fails) + op(kSecond, answer(1)),
                                    op(kFirst, answer(0)) + op(kSecond, answer(2)));
  EXPECT_FALSE(compared.verdict);
  EXPECT_EQ(compared.cut, Cut::decision);
  EXPECT_EQ(compared.count.compared, 0u);
  EXPECT_EQ(compared.count.rest, 2u);
}

TEST_F(ComparerTest, NothingBehindAFailureByItselfOfOneIsCompared) {
  const Compared compared =
      compare(op(kFirst, answer(12, kFailed), {cause(kFirst, kLock)}), op(kFirst, answer(0)));
  EXPECT_FALSE(compared.verdict);
  EXPECT_EQ(compared.cut, Cut::cause);
  const machine::Site own[] = {sync::site::rq_word};
  comparison_.own_causes = own;
  EXPECT_TRUE(
      compare(op(kFirst, answer(12, kFailed), {cause(kFirst, kLock)}), op(kFirst, answer(0)))
          .verdict);
}

TEST_F(ComparerTest, OperationsThatOverlapAreComparedOnlyIfTheyCanBe) {
  const Events inside =
      Events{decision(kFirst, kLock, ActionKind::enter, kOther.lane)} + op(kOther, answer(7));
  const Events otherwise =
      Events{decision(kFirst, kLock, ActionKind::enter, kOther.lane)} + op(kOther, answer(8));
  EXPECT_EQ(compare(op(kFirst, answer(0), inside), op(kFirst, answer(0), otherwise)).cut,
            Cut::overlap);
  comparison_.overlaps = "a lock of ours";
  EXPECT_TRUE(compare(op(kFirst, answer(0), inside), op(kFirst, answer(0), otherwise)).verdict);
}

TEST_F(ComparerTest, WhatComesAtTheEndOfAnOperationComesBehindItsAnswer) {
  const auto run = [](std::uint64_t first, std::uint64_t other) {
    return op(kFirst, answer(first),
              Events{decision(kFirst, kOpEnd, ActionKind::enter, kOther.lane)} +
                  op(kOther, answer(other)));
  };
  EXPECT_EQ(compare(run(0, 7), run(0, 7)).count.compared, 2u);
  EXPECT_EQ(compare(run(0, 7), run(0, 8)).verdict->where, kOther);
  EXPECT_EQ(compare(run(1, 7), run(0, 8)).verdict->where, kFirst);
}

TEST_F(ComparerTest, ExemptionsAreCountedApart) {
  const AnswerRule rules[] = {{.op = "clear", .alike = Alike::outcome, .reason = "a test"},
                              {.op = "find", .alike = Alike::end, .reason = "a test"}};
  comparison_.rules = rules;
  const Compared numbers = compare(op(kFirst, answer(1)), op(kFirst, answer(2)));
  EXPECT_FALSE(numbers.verdict);
  EXPECT_EQ(numbers.count.exempt, 1u);
  EXPECT_EQ(numbers.count.compared, 0u);
  EXPECT_TRUE(compare(op(kFirst, answer(1)), op(kFirst, answer(1, kFailed))).verdict);
  const Compared ended = compare(op(kSecond, answer(1)) + op(kFirst, answer(0)),
                                 op(kSecond, answer(1, kFailed)) + op(kFirst, answer(5)));
  EXPECT_FALSE(ended.verdict);
  EXPECT_EQ(ended.cut, Cut::exempt);
  EXPECT_EQ(ended.count.rest, 2u);
}

TEST_F(ComparerTest, OfSeveralPlacesEachMayChooseAnother) {
  const AnswerRule rules[] = {{.op = "find", .alike = Alike::place, .reason = "a test"}};
  comparison_.rules = rules;
  EXPECT_EQ(compare(op(kSecond, answer(1)), op(kSecond, answer(1))).count.compared, 1u);
  EXPECT_EQ(compare(op(kSecond, answer(1)), op(kSecond, answer(2))).cut, Cut::exempt);
  EXPECT_TRUE(compare(op(kSecond, answer(1)), op(kSecond, answer(1, kFailed))).verdict);
}

TEST_F(ComparerTest, KnownFindingsArePassedOverOnlyIfTheProgramSaysSo) {
  comparison_.known_effect = "it loses numbers";
  const Events fails{decision(kFirst, kLock, ActionKind::fail)};
  const Events subject = op(kFirst, answer(12, kFailed), fails) + op(kSecond, answer(1));
  const Events reference = op(kFirst, answer(12, kFailed), fails) + op(kSecond, answer(2));
  EXPECT_TRUE(compare(subject, reference).verdict);
  EXPECT_EQ(compare(subject, reference, true).cut, Cut::known);
}

TEST_F(ComparerTest, AVerdictAboutTheReferenceIsADisagreement) {
  ended_.emplace();
  ended_->rule = "of a test";
  const Compared compared =
      compare(op(kFirst, answer(0)) + op(kSecond, answer(0)), op(kFirst, answer(0)));
  ASSERT_TRUE(compared.verdict);
  EXPECT_EQ(compared.verdict->expected, "a verdict: structure: of a test");
}

}  // namespace
}  // namespace anyctx::engine
