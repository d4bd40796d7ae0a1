// What a run records, of every target: a normal program without a walk, which does the same again.
#include <gtest/gtest.h>

#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/registry.h"

namespace anyctx::engine {
namespace {

constexpr unsigned kPrograms = 300;

class Recorded : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Recorded, ReadsBackAndDoesTheSame) {
  const Target& target = *target::find_target(GetParam());
  const program::Schema& schema = *target.schema;
  Runner runner(target);
  inject::Rng rng(7);
  program::Program program = program::generate(schema, rng);
  unsigned walked = 0;
  for (unsigned i = 0; i < kPrograms; ++i) {
    const RunResult first = runner.run(program);
    ASSERT_FALSE(first.verdict) << program::to_text(schema, program);
    const program::Program recorded = runner.recorded();
    walked += recorded.decisions.size() > program.decisions.size();
    const std::string text = program::to_text(schema, recorded);
    const program::ParsedText parsed = program::parse_text(schema, text);
    ASSERT_TRUE(parsed.program) << program::to_string(parsed.error) << "\n" << text;
    ASSERT_EQ(*parsed.program, recorded) << text;
    ASSERT_EQ(runner.run(recorded).digest, first.digest) << text;
    program =
        rng.chance(1, 2) ? program::generate(schema, rng) : program::mutate(schema, program, rng);
  }
  EXPECT_GT(walked, kPrograms / 50);  // otherwise nothing was shown
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> names;
  for (const Target& target : target::all_targets()) names.push_back(target.name());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Targets, Recorded, ::testing::ValuesIn(names()),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace anyctx::engine
