// The corpus of the page target replays: the same digest each time, no verdict. And random programs
// with fixed seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/page_target.h"
#include "lib/page/sites.h"

namespace anyctx::target {
namespace {

constexpr unsigned kReplays = 100;
constexpr std::uint64_t kRandomPrograms = 3000;

const engine::Target& target() {
  static const engine::Target target = page_target();
  return target;
}

std::vector<std::filesystem::path> corpus(const char* folder) {
  const auto root = std::filesystem::path(__FILE__).parent_path() / "../../corpus/page" / folder;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(root)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

program::Program read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  program::ParsedText parsed = program::parse_text(*target().schema, text.str());
  EXPECT_TRUE(parsed.program) << path << ": " << program::to_string(parsed.error);
  return parsed.program.value_or(program::Program{});
}

void replay(const std::filesystem::path& path, engine::Runner& runner) {
  SCOPED_TRACE(path.filename().string());
  const program::Program program = read(path);
  const engine::RunResult first = runner.run(program);
  ASSERT_FALSE(first.verdict) << engine::tell_story(runner, program);
  EXPECT_EQ(runner.simulation().taken().size(), program.decisions.size())
      << "a decision was not taken";
  for (unsigned i = 1; i < kReplays; ++i) ASSERT_EQ(runner.run(program).digest, first.digest);
}

TEST(PageSeeds, ReplayWithOneDigest) {
  const auto files = corpus("seeds");
  ASSERT_GE(files.size(), 12u);
  engine::Runner runner(target());
  for (const auto& path : files) replay(path, runner);
  for (const auto& path : corpus("regress")) replay(path, runner);
}

/// What the seeds do not reach, a mutator has to find from nothing.
TEST(PageSeeds, ReachEveryPointOfThePageAllocator) {
  engine::Runner runner(target());
  for (const auto& path : corpus("seeds")) runner.run(read(path));
  const inject::Stats& stats = runner.simulation().stats();
  for (const machine::SiteInfo& info : page::site::kTable) {
    if (info.site == page::site::leaked) continue;  // follows a report
    for (unsigned verb = 0; verb < machine::kVerbsPerSite; ++verb) {
      if ((info.verbs >> verb & 1) == 0) continue;
      const unsigned point = info.site.id * machine::kVerbsPerSite + verb;
      std::uint64_t visits = 0;
      for (const auto& context : stats.reached) visits += context[point];
      EXPECT_GT(visits, 0u) << program::point_name(*target().schema,
                                                   static_cast<machine::PointId>(point));
    }
  }
}

TEST(PagePrograms, RandomOnesComeToNoVerdict) {
  engine::Runner runner(target());
  for (std::uint64_t seed = 0; seed < kRandomPrograms; ++seed) {
    inject::Rng rng(seed);
    program::Program program = program::generate(*target().schema, rng);
    if (rng.chance(1, 2)) program = program::mutate(*target().schema, program, rng);
    const engine::RunResult result = runner.run(program);
    ASSERT_FALSE(result.verdict) << "seed " << seed << "\n" << engine::tell_story(runner, program);
    ASSERT_EQ(runner.run(program).digest, result.digest) << "seed " << seed;
  }
}

}  // namespace
}  // namespace anyctx::target
