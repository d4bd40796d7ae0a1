// A short campaign with a fixed seed on every real target with each engine: it ends clean, and was
// worth something. ThreadSanitizer has cli/threads.
#include "tests/cli/tool_bed.h"
#include "triage/cli/installation.h"

namespace anyctx::triage {
namespace {

struct Way {
  std::string engine;
  std::string sanitizer;
  std::string suffix;  // of executables
};

class Slices : public ToolBed, public ::testing::WithParamInterface<Way> {
 protected:
  Slices() {
    link(plain() / "anyctx-run", runner());
    link(built(GetParam().sanitizer) / "anyctx-run", here() / "anyctx-run");
    link(plain() / "afl_mutator.so", runner().parent_path() / "afl_mutator.so");
  }
  static Path built(const std::string& sanitizer) {
    return plain().parent_path().parent_path() / ("fuzz-" + sanitizer) / "bin";
  }
  Path here() const { return root_ / "build" / ("fuzz-" + GetParam().sanitizer) / "bin"; }

  void run(const std::string& target) {
    const std::string name = target + GetParam().suffix;
    link(built(GetParam().sanitizer) / name, here() / name);
    const Captured result = tool({"fuzz", target, "--engine", GetParam().engine, "--sanitizer",
                                  GetParam().sanitizer, "--time", "2s", "--seed", "1", "--json"});
    EXPECT_EQ(result.exit.code, 0) << target << "\n" << result.output << result.errors;
    const auto report = nlohmann::json::parse(result.output, nullptr, false);
    ASSERT_TRUE(report.is_object()) << result.errors;
    const auto& exercised = report["targets"][0]["exercised"];
    EXPECT_GT(exercised["executions"], 20) << target;
    EXPECT_TRUE(exercised["contexts"].contains("nmi")) << target;
    EXPECT_GT(exercised["decisions"]["fail"], 0) << target;
  }
};

TEST_P(Slices, EveryTarget) {
  const std::vector<TargetInfo> targets = Installation(root_).targets();
  ASSERT_FALSE(targets.empty());
  for (const TargetInfo& target : targets) run(target.name);
}

INSTANTIATE_TEST_SUITE_P(Ways, Slices,
                         ::testing::Values(Way{"libfuzzer", "address", "_fuzzer"},
                                           Way{"afl", "address", "_afl"}),
                         [](const auto& info) {
                           return info.param.engine + "_" + info.param.sanitizer;
                         });

}  // namespace
}  // namespace anyctx::triage
