// The minimizer, on questions whose smallest answer is known.
#include "triage/minimize/minimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"
#include "triage/minimize/removals.h"
#include "triage/minimize/simplifier.h"
#include "triage/minimize/variations.h"

namespace anyctx::triage {
namespace {

using program::Op;
using program::Program;
using program::demo::kAlloc;
using program::demo::kFree;
using program::demo::kSchema;
using program::demo::kShrink;
using ::testing::ElementsAre;

Program parse(std::string_view text) {
  auto parsed = program::parse_text(kSchema, text);
  EXPECT_TRUE(parsed.program) << program::to_string(parsed.error);
  return parsed.program.value_or(Program());
}

/// What is left of a program if `shows` decides.
std::string smallest(std::string_view text, const Minimizer::Question& shows,
                     std::size_t* asked = nullptr) {
  Minimizer minimizer(kSchema, shows, [] { return false; });
  const Program start = parse(text);
  EXPECT_TRUE(shows(start));
  const Program result = minimizer.minimize(start);
  EXPECT_TRUE(shows(result));
  if (asked != nullptr) *asked = minimizer.asked();
  return program::to_text(kSchema, result);
}

bool has_op(const Program& program, inject::LaneKind kind, std::uint8_t code) {
  return std::any_of(program.lanes.begin(), program.lanes.end(), [&](const auto& lane) {
    return lane.lane.kind == kind && std::any_of(lane.ops.begin(), lane.ops.end(),
                                                 [&](const Op& op) { return op.code == code; });
  });
}

constexpr std::string_view kBig =
    "anyctx 1 target=demo cpus=4 pages=1000 cas2=no slab=sheaves\n"
    "task0: c = alloc(8192, zero|account, node=3)\n"
    "       d = alloc(96)\n"
    "       free(c)\n"
    "       shrink()\n"
    "       d = alloc(5000, high)\n"
    "       free(d)\n"
    "task2: z = alloc(4096)\n"
    "       shrink()\n"
    "       free(z)\n"
    "nmi0:  q = alloc(192)\n"
    "       free(q)\n"
    "nmi1:  free(d)\n"
    "walk rate=7 seed=5\n"
    "at task0.0 demo.list_lock.trylock#3: fail\n"
    "at task0.4 demo.list_lock.trylock#2: fail sticky\n"
    "at task0.4 demo.head.cas#5: nmi0\n"
    "at task2.1 demo.window#1: run task0\n"
    "at nmi0/1.1 demo.watermark#1: fail\n";

TEST(Minimizer, NothingIsNeeded) {
  EXPECT_EQ(smallest(kBig, [](const Program&) { return true; }), "anyctx 1 target=demo\ntask0:\n");
}

TEST(Minimizer, OneOperationInItsPlainestForm) {
  const auto shows = [](const Program& program) {
    return has_op(program, inject::LaneKind::task, kAlloc);
  };
  EXPECT_EQ(smallest(kBig, shows), "anyctx 1 target=demo\ntask0: a = alloc(8)\n");
}

TEST(Minimizer, ArgumentsStayAsBigAsTheyMustBe) {
  const auto shows = [](const Program& program) {
    for (const auto& lane : program.lanes) {
      for (const Op& op : lane.ops)
        if (op.code == kAlloc && op.args[0] > 4999 && (op.args[1] & 4u) != 0) return true;
    }
    return false;
  };
  EXPECT_EQ(smallest(kBig, shows), "anyctx 1 target=demo\ntask0: a = alloc(8192, high)\n");
}

TEST(Minimizer, DecisionsFollowTheirOperations) {
  const auto shows = [](const Program& program) {
    return std::any_of(program.decisions.begin(), program.decisions.end(), [&](const auto& d) {
      const program::LaneOps* lane = program::find_lane(program, d.where.lane);
      return d.action.kind == inject::ActionKind::enter &&
             d.action.lane.kind == inject::LaneKind::nmi && lane->ops[d.where.op].code == kAlloc &&
             lane->ops[d.where.op].args[0] == 5000;
    });
  };
  EXPECT_EQ(smallest(kBig, shows),
            "anyctx 1 target=demo\ntask0: a = alloc(5000)\nnmi0:  b = alloc(8)\n"
            "at task0.0 demo.head.cas#1: nmi0\n");
}

TEST(Minimizer, ParametersThatMatterStay) {
  const auto shows = [](const Program& program) {
    return program.params[0] >= 3 && program.params[2] == 0;
  };
  EXPECT_EQ(smallest(kBig, shows), "anyctx 1 target=demo cpus=3 cas2=no\ntask0:\n");
}

TEST(Minimizer, LanesAreMerged) {
  // Two different operations, anywhere.
  const auto shows = [](const Program& program) {
    return has_op(program, inject::LaneKind::task, kShrink) &&
           has_op(program, inject::LaneKind::task, kFree);
  };
  EXPECT_EQ(smallest("anyctx 1 target=demo\ntask1: shrink()\ntask3: free(c)\n", shows),
            "anyctx 1 target=demo\ntask0: shrink()\n       free(a)\n");
}

TEST(Minimizer, PairsThatNeedEachOtherGoTogether) {
  // Balanced allocations and frees, and a shrink.
  const auto shows = [](const Program& program) {
    int balance = 0;
    for (const auto& lane : program.lanes) {
      for (const Op& op : lane.ops) balance += op.code == kAlloc ? 1 : op.code == kFree ? -1 : 0;
    }
    return balance == 0 && has_op(program, inject::LaneKind::task, kShrink);
  };
  EXPECT_EQ(smallest("anyctx 1 target=demo\n"
                     "task0: a = alloc(8)\n       shrink()\n       b = alloc(8)\n       free(b)\n"
                     "       free(a)\n",
                     shows),
            "anyctx 1 target=demo\ntask0: shrink()\n");
}

TEST(Minimizer, OccurrencesAreSearchedAgain) {
  // The lock is tried once per operation before and in the last one: which try is which changes
  // with what goes.
  const auto shows = [](const Program& program) {
    const program::LaneOps* task = program::find_lane(program, {});
    if (task == nullptr || task->ops.empty() || program.decisions.size() != 1) return false;
    const auto& decision = program.decisions[0];
    return decision.where.op + 1u == task->ops.size() &&
           decision.occurrence == 6 - task->ops.size();
  };
  EXPECT_EQ(smallest("anyctx 1 target=demo\n"
                     "task0: shrink()\n       shrink()\n       shrink()\n"
                     "at task0.2 demo.list_lock.trylock#3: fail\n",
                     shows),
            "anyctx 1 target=demo\ntask0: shrink()\nat task0.0 demo.list_lock.trylock#5: fail\n");
}

TEST(Minimizer, BytesOfAWalkThatCannotBeWrittenOutShrink) {
  const auto shows = [](const Program& program) {
    return std::count(program.walk.bytes.begin(), program.walk.bytes.end(), 7) == 1;
  };
  EXPECT_EQ(
      smallest("anyctx 1 target=demo\ntask0: shrink()\nwalk rate=9 bytes=010203070405\n", shows),
      "anyctx 1 target=demo\ntask0:\nwalk rate=9 bytes=07\n");
}

TEST(Minimizer, IsDeterministicAndAsksNothingTwice) {
  std::size_t asked = 0;
  std::vector<std::string> questions;
  const auto shows = [&](const Program& program) {
    questions.push_back(program::to_text(kSchema, program));
    return has_op(program, inject::LaneKind::nmi, kAlloc) && !program.decisions.empty();
  };
  const std::string first = smallest(kBig, shows, &asked);
  const std::vector<std::string> asked_first = questions;
  questions.clear();
  EXPECT_EQ(smallest(kBig, shows), first);
  EXPECT_EQ(questions, asked_first);
  std::vector<std::string> in_between(questions.begin() + 1, questions.end() - 1);
  std::sort(in_between.begin(), in_between.end());
  EXPECT_EQ(std::adjacent_find(in_between.begin(), in_between.end()), in_between.end());
  EXPECT_LT(asked, 200u);
}

TEST(Minimizer, StopsWhenThatIsEnough) {
  int questions = 0;
  const auto shows = [&](const Program&) {
    ++questions;
    return true;
  };
  Minimizer minimizer(kSchema, shows, [&] { return questions == 2; });
  const Program start = parse(kBig);
  EXPECT_LT(cost_of(kSchema, minimizer.minimize(start)), cost_of(kSchema, start));
  EXPECT_EQ(minimizer.asked(), 2u);
}

TEST(Minimizer, EveryQuestionIsANormalProgram) {
  inject::Rng rng(1);
  for (int i = 0; i < 50; ++i) {
    const Program start = program::generate(kSchema, rng);
    const auto shows = [&](const Program& program) {
      const std::string text = program::to_text(kSchema, program);
      const auto parsed = program::parse_text(kSchema, text);
      EXPECT_TRUE(parsed.program && *parsed.program == program) << text;
      return count_ops(program) * 2 >= count_ops(start);
    };
    Minimizer minimizer(kSchema, shows, [] { return false; });
    EXPECT_EQ(count_ops(minimizer.minimize(start)), (count_ops(start) + 1) / 2);
  }
}

TEST(Simplifier, ValuesComeFromThePlainestOn) {
  EXPECT_THAT(values_towards(0, 0), ElementsAre());
  EXPECT_THAT(values_towards(0, 1), ElementsAre(0));
  EXPECT_THAT(values_towards(2, 10), ElementsAre(2, 3, 4, 6, 6, 8, 9));
  EXPECT_THAT(values_towards(5, 3), ElementsAre(5, 4, 4));
}

/// The lines in which each variation differs, " | " between those of one.
std::vector<std::string> variations_of(std::string_view text) {
  const auto lines_of = [](std::string_view whole) {
    std::vector<std::string> lines;
    for (; !whole.empty(); whole.remove_prefix(whole.find('\n') + 1))
      lines.emplace_back(whole.substr(0, whole.find('\n')));
    return lines;
  };
  std::vector<std::string> all;
  for_each_variation(kSchema, parse(text), [&](const Program& variation) {
    std::string differs;
    const auto before = lines_of(text);
    for (const std::string& line : lines_of(program::to_text(kSchema, variation))) {
      if (std::find(before.begin(), before.end(), line) != before.end()) continue;
      differs += (differs.empty() ? "" : " | ") + line;
    }
    all.push_back(std::move(differs));
    return true;
  });
  return all;
}

TEST(Variations, DifferInOneThing) {
  const auto all = variations_of(
      "anyctx 1 target=demo cpus=4\n"
      "task0: a = alloc(96)\n"
      "task1: shrink()\n"
      "nmi0:  free(a)\n"
      "at task0.0 demo.head.cas#1: nmi0\n"
      "at task1.0 demo.window#1: run task0\n");
  EXPECT_THAT(all, ::testing::Contains("anyctx 1 target=demo cpus=4 cas2=no"));
  EXPECT_THAT(all, ::testing::Contains("irq0:  free(a) | at task0.0 demo.head.cas#1: irq0"));
  EXPECT_THAT(all, ::testing::Contains("at task1.0 demo.window#1: stall"));
  EXPECT_THAT(all, ::testing::Not(::testing::Contains("")));
}

}  // namespace
}  // namespace anyctx::triage
