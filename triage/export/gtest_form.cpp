// A finding as a GoogleTest.
#include <fmt/format.h>

#include <array>
#include <cctype>

#include "triage/export/regression.h"

namespace anyctx::triage {
namespace {

constexpr unsigned kTimeLimit = 60;  // seconds; the simulation bounds all but loops without a point

/// What the test includes.
constexpr std::array<std::string_view, 5> kHeaders = {
    "fuzzers/engine/runner.h", "fuzzers/engine/story.h", "fuzzers/engine/time_limit.h",
    "fuzzers/ops/text.h", "fuzzers/targets/registry.h"};

constexpr std::string_view kTest = R"test(
namespace anyctx {{
namespace {{

constexpr std::string_view kProgram = R"program({program})program";

TEST(Regress, {test}) {{
  const engine::Target* const target = target::find_target("{target}");
  ASSERT_NE(target, nullptr);
  const program::ParsedText parsed = program::parse_text(*target->schema, kProgram);
  ASSERT_TRUE(parsed.program) << program::to_string(parsed.error);
  const engine::TimeLimit limit({limit}, "{name}");
  engine::Runner runner(*target);
  if (runner.run(*parsed.program).verdict)
    FAIL() << engine::tell_story(runner, *parsed.program);
}}

}}  // namespace
}}  // namespace anyctx
)test";

/// "Overlap1a2b3c4d" of "overlap-1a2b3c4d".
std::string test_name(std::string_view name) {
  std::string result;
  bool upper = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0) {
      upper = true;
      continue;
    }
    result += upper ? static_cast<char>(std::toupper(byte)) : c;
    upper = false;
  }
  return result;
}

std::string no_refusal(std::string_view) {
  return {};
}

WrittenTest write_gtest(const Regression& regression) {
  std::string test =
      fmt::format("// Regression in {}: {}\n//\n{}//\n// Shown by: {}\n", regression.target,
                  regression.headline, commented(regression.story, "//"), regression.replay);
  test += "#include <gtest/gtest.h>\n\n#include <string_view>\n\n";
  for (const std::string_view header : kHeaders) test += fmt::format("#include \"{}\"\n", header);
  test += fmt::format(kTest, fmt::arg("target", regression.target),
                      fmt::arg("program", regression.program),
                      fmt::arg("test", test_name(regression.name)), fmt::arg("limit", kTimeLimit),
                      fmt::arg("name", regression.name));
  return {std::move(test), {}};
}

}  // namespace

const RegressionForm kGtestForm = {"gtest", "_test.cpp", RegressionForm::Home::clone, no_refusal,
                                   write_gtest};

}  // namespace anyctx::triage
