// The arena target finds nothing wrong with an arena that does everything right, whoever comes
// between two calls.
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "tests/unit/arena_double.h"

namespace anyctx::target {
namespace {

constexpr std::uint64_t kRandomPrograms = 2000;

/// Every call is a single step: only whole calls come between others.
TEST(ArenaWorld, RandomProgramsOfWholeCallsComeToNoVerdict) {
  engine::Target target = arena_target();
  target.make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
    return std::make_unique<ArenaWorld>(simulation, std::make_unique<ArenaDouble>(simulation));
  };
  engine::Runner runner(target);
  for (std::uint64_t seed = 0; seed < kRandomPrograms; ++seed) {
    inject::Rng rng(seed);
    program::Program program = program::generate(*target.schema, rng);
    if (rng.chance(1, 2)) program = program::mutate(*target.schema, program, rng);
    program.params[static_cast<unsigned>(ArenaParam::extent)] = 0;
    const engine::RunResult result = runner.run(program);
    ASSERT_FALSE(result.verdict) << "seed " << seed << "\n" << engine::tell_story(runner, program) << program::to_text(*target.schema, program);
    ASSERT_EQ(runner.run(program).digest, result.digest) << "seed " << seed;
  }
  for (std::size_t code = 0; code < target.schema->ops.size(); ++code) {
    EXPECT_GT(runner.op_mix().by_code[code].done, 0u) << target.schema->ops[code].name;
  }
}

}  // namespace
}  // namespace anyctx::target
