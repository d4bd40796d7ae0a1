// Every schedule with a bounded number of switches: which there are, which of them are not run, and
// that nothing is lost by that. On a target of its own: words that are read and written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/text.h"
#include "inject/sim/sim_machine.h"
#include "lib/machine/atomic.h"
#include "tests/cli/schedule_ends.h"

namespace anyctx::sweep {
namespace {

using engine::Outcome;
using inject::Sim;
using inject::VerdictKind;
using machine::Site;
using machine::SiteInfo;
using machine::SiteKind;
using machine::Verb;

constexpr Site kWord{230};
constexpr Site kPlace{231};
constexpr Site kLock{232};
constexpr Site kGate{233};
constexpr SiteInfo kTable[] = {
    {kWord, SiteKind::word, "litmus.word", machine::verbs(Verb::load, Verb::store, Verb::rmw),
     "a word"},
    {kPlace, SiteKind::probe, "litmus.place", machine::verbs(Verb::probe), "nothing"},
    {kLock, SiteKind::lock, "litmus.lock", machine::verbs(Verb::lock, Verb::trylock, Verb::unlock),
     "around an increment"},
    {kGate, SiteKind::limit, "litmus.gate", machine::verbs(Verb::limit), "nobody comes through"},
};
constexpr std::span<const SiteInfo> kTables[] = {machine::kOperationTable, kTable};

constexpr std::string_view kWordWord[] = {"word"};
constexpr program::ArgSpec kArg[] = {{"word", program::ArgKind::index, 0, 3, {}, kWordWord}};
constexpr program::ParamSpec kParams[] = {{"cpus", 1, 2, 1, {}}, {"checked", 0, 1, 0, {}}};
constexpr program::OpSpec kOps[] = {
    {"get", program::kAnyContext, false, false, kArg, 1},
    {"set", program::kAnyContext, false, false, kArg, 1},
    {"flash", program::kAnyContext, false, false, kArg, 1},   // 1, then 0
    {"thrice", program::kAnyContext, false, false, kArg, 1},  // three reads
    {"inc", program::kAnyContext, false, false, kArg, 1},     // a read, a write
    {"add", program::kAnyContext, false, false, kArg, 1},     // in one
    {"locked", program::kAnyContext, false, false, kArg, 1},  // inc, with the lock
    {"places", program::kAnyContext, false, false, kArg, 1},  // which touch nothing, then add
    {"gate", program::kAnyContext, false, false, kArg, 1},
};
enum Code : std::uint8_t { kGet, kSet, kFlash, kThrice, kInc, kAdd, kLocked, kPlaces, kGatePass };

class Words final : public engine::World {
 public:
  explicit Words(inject::Simulation& simulation) : simulation_(simulation) {}

  void setup(const program::Program& program) override {
    for (auto& word : words_) word.init(0);
    increments_ = 0;
    checked_ = program.params[1] != 0;
  }
  void finish() override {
    std::uint64_t sum = 0;
    for (auto& word : words_) sum += word.peek();
    if (checked_ && sum != increments_)
      simulation_.stop(VerdictKind::conservation, "no increment is lost", "all", "less");
  }

  Outcome perform(const program::Op& op, inject::Lane) override {
    auto& word = words_[op.args[0]];
    std::uint64_t seen = 0;
    switch (op.code) {
      case kGet:
        return {Outcome::Kind::done, word.load()};
      case kSet:
        word.store(1);
        return {};
      case kFlash:
        word.store(1);
        word.store(0);
        return {};
      case kThrice:
        for (int i = 0; i < 3; ++i) seen = seen << 4 | word.load();
        if (checked_ && (seen == 0x001 || seen == 0x011))
          simulation_.stop(VerdictKind::content, "a flash is not seen begin", "not", "seen");
        return {Outcome::Kind::done, seen};
      case kInc:
        ++increments_;
        seen = word.load();
        word.store(seen + 1);
        return {};
      case kAdd:
        ++increments_;
        return {Outcome::Kind::done, word.fetch_add(1)};
      case kLocked:
        ++increments_;
        Sim::lock(kLock, &lock_);
        seen = word.load();
        word.store(seen + 1);
        Sim::unlock(kLock, &lock_);
        return {Outcome::Kind::done, seen};
      case kPlaces:
        ++increments_;
        for (int i = 0; i < 5; ++i) Sim::probe(kPlace);
        return {Outcome::Kind::done, word.fetch_add(1)};
      case kGatePass:
        return {Sim::fails(kGate, false) ? Outcome::Kind::failed : Outcome::Kind::done};
      default:
        return {Outcome::Kind::vacuous};
    }
  }

 private:
  inject::Simulation& simulation_;
  std::array<machine::Atomic<Sim, std::uint64_t, kWord>, 4> words_{};
  std::uint32_t lock_ = 0;
  std::uint64_t increments_ = 0;
  bool checked_ = false;
};

constexpr program::Schema kSchema = {"words", 210, kParams, kOps, kTables};
constexpr engine::Target kTarget = {
    &kSchema, "words", 64 << 10,
    [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
      return std::make_unique<Words>(simulation);
    }};

class Litmus : public ::testing::Test {
 protected:
  static program::Program parse(const std::string& text) {
    const program::ParsedText parsed = program::parse_text(kSchema, text);
    EXPECT_TRUE(parsed.program) << to_string(parsed.error);
    return *parsed.program;
  }

  static Explored explore(const std::string& text, unsigned switches, bool reduce) {
    return sweep::explore(kTarget, parse(text), switches, reduce);
  }
};

TEST_F(Litmus, EveryScheduleOnce) {
  // Three visits each. One switch: at each visit of the first task. Another one: from each visit of
  // the second. A third one: back to the second, from the two, one or no visits that are left of
  // the first.
  const std::string text = "anyctx 1 target=words\ntask0: get(word0)\ntask1: get(word1)\n";
  const Explored explored = explore(text, 3, false);
  EXPECT_THAT(explored.run, ::testing::ElementsAre(0, 3, 9, (2 + 1) * 3));
  EXPECT_THAT(explored.same, ::testing::Each(0));
}

TEST_F(Litmus, WhoComesBackCanBeSentAwayAgain) {
  // From the first visit to the second task, which runs to its end, and from there to the third.
  const std::string text =
      "anyctx 1 target=words\ntask0: get(word0)\n get(word1)\ntask1: set(word0)\n"
      "task2: set(word1)\n";
  EXPECT_THAT(explore(text, 2, false).ends, ::testing::Contains(" 4 4 0 0"));
}

/// Not only programs that somebody thought of.
TEST_F(Litmus, RandomProgramsComeToTheSameEnds) {
  inject::Rng rng(7);
  unsigned tried = 0;
  std::uint64_t all_runs = 0;
  std::uint64_t reduced_runs = 0;
  while (tried < 100) {
    program::Program program = program::generate(kSchema, rng);
    program.walk = {};
    std::size_t ops = 0;
    for (const program::LaneOps& lane : program.lanes) ops += lane.ops.size();
    const unsigned switches = ops > 3 ? 2 : 3;
    if (ops > 6 || program.decisions.size() > 2) continue;
    ++tried;
    const Explored all = sweep::explore(kTarget, program, switches, false);
    const Explored reduced = sweep::explore(kTarget, program, switches, true);
    EXPECT_EQ(reduced.ends, all.ends) << program::to_text(kSchema, program);
    all_runs += all.runs();
    reduced_runs += reduced.runs();
  }
  EXPECT_LT(reduced_runs, all_runs * 9 / 10);
}

struct Case {
  const char* name;
  const char* program;
  unsigned switches;
  bool is_less = true;  // than all of them are run, at the most switches
};

class Reduced : public Litmus, public ::testing::WithParamInterface<Case> {};

TEST_P(Reduced, ComesToTheSameEnds) {
  const std::string text = GetParam().program;
  for (unsigned switches = 1; switches <= GetParam().switches; ++switches) {
    const Explored all = explore(text, switches, false);
    const Explored reduced = explore(text, switches, true);
    EXPECT_EQ(reduced.ends, all.ends) << switches;
    EXPECT_EQ(all.run[1], reduced.same[1] + reduced.run[1]);
    if (switches == GetParam().switches) EXPECT_EQ(reduced.runs() < all.runs(), GetParam().is_less);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Programs, Reduced,
    ::testing::Values(
        Case{"lost_update",
             "anyctx 1 target=words\ntask0: inc(word0)\n get(word0)\n"
             "task1: inc(word0)\n get(word0)\n",
             3},
        Case{"store_buffer",
             "anyctx 1 target=words\ntask0: set(word0)\n get(word1)\n"
             "task1: set(word1)\n get(word0)\n",
             3, false},
        Case{"message",
             "anyctx 1 target=words\ntask0: set(word0)\n set(word1)\n"
             "task1: get(word1)\n get(word0)\n thrice(word1)\n",
             3},
        Case{"flash", "anyctx 1 target=words\ntask0: thrice(word0)\ntask1: flash(word0)\n", 4},
        Case{"two_words",
             "anyctx 1 target=words cpus=2\ntask0: inc(word0)\n thrice(word1)\n"
             "task1: inc(word1)\n thrice(word0)\n",
             3},
        Case{"three_tasks",
             "anyctx 1 target=words\ntask0: inc(word0)\ntask1: inc(word0)\n"
             "task2: thrice(word0)\n",
             3},
        Case{"lock",
             "anyctx 1 target=words cpus=2\ntask0: locked(word0)\n get(word0)\n"
             "task1: locked(word0)\n thrice(word1)\n",
             3},
        Case{"places",
             "anyctx 1 target=words\ntask0: places(word0)\n places(word0)\n"
             "task1: places(word0)\n get(word0)\n",
             2},
        Case{"nmi",
             "anyctx 1 target=words\ntask0: thrice(word0)\n inc(word0)\ntask1: add(word0)\n"
             "nmi0: set(word0)\nat task0.0 litmus.word.load#2: nmi0\n",
             3},
        Case{"own_switch",
             "anyctx 1 target=words\ntask0: thrice(word0)\n inc(word0)\n"
             "task1: inc(word0)\ntask2: get(word0)\n"
             "at task0.0 litmus.word.load#2: run task1\n",
             2}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(Litmus, PlacesThatTouchNothingAreOneStop) {
  const std::string text = "anyctx 1 target=words\ntask0: places(word0)\ntask1: places(word1)\n";
  // The beginning, the one before the word is added to, and the end.
  EXPECT_EQ(explore(text, 1, true).run[1], 3u);
  EXPECT_EQ(explore(text, 1, false).run[1], 8u);
}

TEST_F(Litmus, NothingIsPrunedWhereSomethingFailsForGood) {
  const std::string text =
      "anyctx 1 target=words\ntask0: thrice(word0)\ntask1: gate(word1)\n"
      "at task1.0 litmus.gate#1: fail";
  EXPECT_GT(explore(text + "\n", 1, true).same[1], 0u);
  EXPECT_EQ(explore(text + " sticky\n", 1, true).same[1], 0u);
}

TEST_F(Litmus, LostUpdateNeedsOneSwitch) {
  const std::string text =
      "anyctx 1 target=words checked=1\ntask0: inc(word0)\ntask1: inc(word0)\n";
  EXPECT_THAT(explore(text, 1, true).verdicts, ::testing::ElementsAre("no increment is lost"));
  const std::string locked =
      "anyctx 1 target=words cpus=2 checked=1\ntask0: locked(word0)\ntask1: locked(word0)\n";
  EXPECT_THAT(explore(locked, 4, true).verdicts, ::testing::IsEmpty());
}

TEST_F(Litmus, SeeingAFlashBeginNeedsTwoSwitches) {
  const std::string text =
      "anyctx 1 target=words checked=1\ntask0: thrice(word0)\ntask1: flash(word0)\n";
  EXPECT_THAT(explore(text, 1, true).verdicts, ::testing::IsEmpty());
  EXPECT_THAT(explore(text, 2, true).verdicts, ::testing::ElementsAre("a flash is not seen begin"));
}

}  // namespace
}  // namespace anyctx::sweep
