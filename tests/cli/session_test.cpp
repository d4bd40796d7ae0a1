// What an engine drives, without an engine: session, feedback, statistics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/exercised.h"
#include "fuzzers/engine/fuzz_session.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/text.h"
#include "tests/cli/tiny_targets.h"

namespace anyctx::engine {
namespace {

using program::Bytes;
using program::Program;

const Target& clean() {
  return tiny::targets()[0];
}

Bytes encoded(const Target& target, const std::string& text) {
  const program::ParsedText parsed = program::parse_text(*target.schema, text);
  EXPECT_TRUE(parsed.program) << to_string(parsed.error);
  return program::encode(*target.schema, *parsed.program);
}

class Session : public ::testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "/session-stats.json";
  std::array<std::uint8_t, 8192> counters_{};

  ~Session() override { std::filesystem::remove(path_); }

  std::size_t set_counters() const {
    return counters_.size() - std::count(counters_.begin(), counters_.end(), 0);
  }
};

TEST_F(Session, MutationsFitAndAreNormalPrograms) {
  FuzzSession session(clean(), counters_, {}, {});
  for (const std::size_t room : {1u, 7u, 64u, 4096u}) {
    Bytes buffer(room);
    std::size_t size = 1;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
      size = session.mutate(buffer, size, seed);
      ASSERT_GE(size, 1u);
      ASSERT_LE(size, room);
      const Program program = program::decode(*clean().schema, std::span(buffer).first(size));
      Program repaired = program;
      program::normalize(*clean().schema, repaired);
      ASSERT_EQ(program, repaired);
      session.run(std::span(buffer).first(size));
    }
  }
}

TEST_F(Session, MutationDependsOnInputSeedAndWhatTheSearchBeganWith) {
  const Bytes input = encoded(clean(), "anyctx 1 target=clean\ntask0: act()\nwalk rate=2 seed=9\n");
  const auto mutated = [&](FuzzSession& session, std::uint32_t seed) {
    Bytes buffer = input;
    buffer.resize(4096);
    buffer.resize(session.mutate(buffer, input.size(), seed));
    return buffer;
  };
  FuzzSession first(clean(), counters_, {}, {});
  FuzzSession second(clean(), counters_, {}, {});
  const Bytes other = encoded(clean(), "anyctx 1 target=clean\ntask0: rest()\n");
  mutated(second, 1);  // what runs from here on is none of its beginnings
  second.run(other);
  std::size_t differing = 0;
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(mutated(first, seed), mutated(second, seed));
    if (mutated(first, seed) != mutated(first, seed + 1)) ++differing;
  }
  EXPECT_GT(differing, 25u);

  FuzzSession third(clean(), counters_, {}, {});
  third.run(other);
  std::size_t of_beginning = 0;
  for (std::uint32_t seed = 0; seed < 50; ++seed)
    of_beginning += mutated(first, seed) != mutated(third, seed) ? 1 : 0;
  EXPECT_GT(of_beginning, 5u);
}

TEST_F(Session, KeepsToParameters) {
  FuzzSession session(clean(), counters_, {"cpus=2"}, {});
  EXPECT_FALSE(session.run(encoded(clean(), "anyctx 1 target=clean\ntask0: act()\n")));
  EXPECT_TRUE(session.run(encoded(clean(), "anyctx 1 target=clean cpus=2\ntask0: act()\n")));
  const Bytes input = encoded(clean(), "anyctx 1 target=clean\ntask0: act()\n");
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    Bytes buffer = input;
    buffer.resize(4096);
    buffer.resize(session.mutate(buffer, input.size(), seed));
    EXPECT_TRUE(session.run(buffer));
  }
}

TEST_F(Session, CrossoverMixesOrDeclines) {
  FuzzSession session(clean(), counters_, {}, {});
  const Bytes first = encoded(clean(), "anyctx 1 target=clean\ntask0: act()\n");
  const Bytes second = encoded(clean(), "anyctx 1 target=clean\ntask0: rest()\nnmi0: act()\n");
  Bytes out(4096);
  unsigned made = 0;
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const std::size_t size = session.crossover(first, second, out, seed);
    ASSERT_LE(size, out.size());
    if (size != 0) ++made;
  }
  EXPECT_GT(made, 5u);
  EXPECT_LT(made, 100u);
}

TEST_F(Session, FeedbackTellsFailuresApart) {
  FuzzSession session(clean(), counters_, {}, {});
  session.run(encoded(clean(), "anyctx 1 target=clean\ntask0: act()\n"));
  const std::size_t plain = set_counters();
  EXPECT_EQ(plain, 3u);  // op.begin, tiny.limit and op.end, reached in a task
  counters_.fill(0);
  session.run(
      encoded(clean(), "anyctx 1 target=clean\ntask0: act()\nat task0.0 tiny.limit#1: fail\n"));
  EXPECT_EQ(set_counters(), plain + 2);  // a failure was injected, and decided
  counters_.fill(0);
  session.run(encoded(clean(),
                      "anyctx 1 target=clean\ntask0: act()\nnmi0: act()\n"
                      "at task0.0 tiny.limit#1: nmi0\nat nmi0.0 tiny.limit#1: fail\n"));
  EXPECT_EQ(set_counters(), 2 * plain + 3);  // the same in an NMI, which was decided too
}

TEST_F(Session, VerdictIsToldBeforeTheEnd) {
  const Target& target = tiny::targets()[1];
  const Bytes input = encoded(target,
                              "anyctx 1 target=verdict\ntask0: act()\nnmi0: act()\n"
                              "at task0.0 tiny.limit#1: nmi0\nat nmi0.0 tiny.limit#1: fail\n");
  EXPECT_DEATH(
      {
        FuzzSession session(target, counters_, {}, path_);
        session.run(input);
      },
      "VERDICT spurious-failure(.|\n)*nmi0.0: act(.|\n)*anyctx replay --raw verdict FILE");
  std::string content;
  EXPECT_EQ(load_file(path_, content), "");
  EXPECT_EQ(nlohmann::json::parse(content)["executions"], 1);
}

TEST_F(Session, StatisticsOfSeveralProcessesAddUp) {
  const Bytes input = encoded(clean(),
                              "anyctx 1 target=clean\ntask0: act()\n       rest()\nat task0.0 "
                              "tiny.limit#1: fail\n");
  Exercised total(*clean().schema);
  for (int process = 0; process < 2; ++process) {
    FuzzSession session(clean(), counters_, {}, path_);
    session.run(input);
    session.run(input);
    session.save_stats();
    std::string content;
    ASSERT_EQ(load_file(path_, content), "");
    EXPECT_EQ(add_json(total, nlohmann::json::parse(content)), "");
  }
  EXPECT_EQ(total.executions, 4u);
  EXPECT_EQ(total.runs, 4u);
  EXPECT_EQ(total.ops[0].failed, 4u);
  EXPECT_EQ(total.ops[1].vacuous, 4u);
  EXPECT_EQ(total.decisions[0], 4u);
  EXPECT_EQ(sum(total.ops_by_context), 8u);
  EXPECT_EQ(sum(total.points[2].injected), 4u);
  EXPECT_EQ(sum(total.points[3].reached), 0u);
}

TEST_F(Session, StatisticsOfSomethingElseAreRefused) {
  Exercised total(*clean().schema);
  EXPECT_EQ(add_json(total, nlohmann::json::array()), "not statistics of anyctx");
  EXPECT_EQ(add_json(total, {{"target", "page"}}), "statistics of another target: \"page\"");
  EXPECT_THAT(add_json(total, {{"target", "clean"}}), testing::HasSubstr("damaged statistics"));
}

TEST(SavedFile, IsWholeOrNotThere) {
  const std::string path = testing::TempDir() + "/saved-file";
  EXPECT_EQ(save_file(path, "first"), "");
  EXPECT_EQ(save_file(path, "second"), "");
  std::string content;
  EXPECT_EQ(load_file(path, content), "");
  EXPECT_EQ(content, "second");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_THAT(save_file(path + "/below", "x"), testing::HasSubstr("Not a directory"));
  EXPECT_THAT(save_file("/dev/full", "x"), testing::HasSubstr("No space left on device"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace anyctx::engine
