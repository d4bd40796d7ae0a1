// A short campaign with a fixed seed on every real target: it ends clean, and was worth something.
#include "tests/cli/tool_bed.h"
#include "triage/cli/installation.h"

namespace anyctx::triage {
namespace {

class Slices : public ToolBed {};

TEST_F(Slices, EveryTarget) {
  link(plain() / "anyctx-run", runner());
  link(sanitized() / "anyctx-run", root_ / "build/fuzz-address/bin/anyctx-run");
  const std::vector<TargetInfo> targets = Installation(root_).targets();
  ASSERT_FALSE(targets.empty());
  for (const TargetInfo& target : targets) {
    link(sanitized() / (target.name + "_fuzzer"), fuzzer(target.name));
    const Captured result = tool({"fuzz", target.name, "--time", "3s", "--seed", "1", "--json"});
    EXPECT_EQ(result.exit.code, 0) << target.name << "\n" << result.output << result.errors;
    const auto report = nlohmann::json::parse(result.output, nullptr, false);
    ASSERT_TRUE(report.is_object()) << result.errors;
    const auto& exercised = report["targets"][0]["exercised"];
    EXPECT_GT(exercised["executions"], 100);
    EXPECT_TRUE(exercised["contexts"].contains("nmi"));
    EXPECT_GT(exercised["decisions"]["fail"], 0);
  }
}

}  // namespace
}  // namespace anyctx::triage
