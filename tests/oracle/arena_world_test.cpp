// The arena target finds nothing wrong with an arena that does everything right, whoever comes
// between two calls.
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "tests/oracle/arena_verdict.h"
#include "tests/sim/corpus_files.h"

namespace anyctx::target {
namespace {

constexpr std::uint64_t kRandomPrograms = 800;

/// The double's sets are too slow for millions of slots.
void shorten(program::Program& program) {
  program.params[static_cast<unsigned>(ArenaParam::extent)] = 0;
}

TEST(ArenaWorld, SeedsComeToNoVerdict) {
  const engine::Target target = arena_target_with<>();
  engine::Runner runner(target);
  for (const auto& path : test::corpus_files("arena", "seeds")) {
    program::Program program = test::read_program(*target.schema, path);
    shorten(program);
    EXPECT_FALSE(runner.run(program).verdict) << path << "\n"
                                              << engine::tell_story(runner, program);
  }
}

/// Every call is a single step: only whole calls come between others.
TEST(ArenaWorld, RandomProgramsComeToNoVerdict) {
  const engine::Target target = arena_target_with<>();
  engine::Runner runner(target);
  for (std::uint64_t seed = 0; seed < kRandomPrograms; ++seed) {
    inject::Rng rng(seed);
    program::Program program = program::generate(*target.schema, rng);
    if (rng.chance(1, 2)) program = program::mutate(*target.schema, program, rng);
    shorten(program);
    const engine::RunResult result = runner.run(program);
    ASSERT_FALSE(result.verdict) << "seed " << seed << "\n" << engine::tell_story(runner, program);
    ASSERT_EQ(runner.run(program).digest, result.digest) << "seed " << seed;
  }
  for (std::size_t code = 0; code < target.schema->ops.size(); ++code) {
    EXPECT_GT(runner.op_mix().by_code[code].done, 0u) << target.schema->ops[code].name;
  }
}

}  // namespace
}  // namespace anyctx::target
