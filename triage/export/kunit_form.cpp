// A finding as a KUnit test: one C file in kernel style, for the folder of what it tests.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/export/kunit_test.h"

namespace anyctx::triage {
namespace {

constexpr std::array<const KunitTarget*, 4> kKunitTargets = {&kKunitRangeTree, &kKunitObjpool,
                                                             &kKunitRqspinlock, &kKunitSlab};

const KunitTarget* kunit_target(std::string_view name) {
  for (const KunitTarget* target : kKunitTargets)
    if (target->target == name) return target;
  return nullptr;
}

std::string kunit_refusal(std::string_view target) {
  if (kunit_target(target) != nullptr) return {};
  std::string names;
  for (const KunitTarget* known : kKunitTargets) names += fmt::format(" {}", known->target);
  return fmt::format("there is no KUnit test of {}; there is of:{}", target, names);
}

/// What a comment in C cannot hold.
std::string in_comment(std::string text) {
  for (std::size_t at = 0; (at = text.find("*/", at)) != std::string::npos;)
    text.insert(at + 1, " ");
  return commented(text, " *");
}

std::string file_comment(const Regression& regression, const KunitTarget& target,
                         const KunitTest& test, const std::string& suite) {
  std::string text = fmt::format("/*\n * KUnit test of {}\n *\n", target.source);
  text += in_comment(regression.story) + " *\n * The program, minimised:\n *\n";
  text += in_comment(regression.program) + " *\n";
  text += in_comment(fmt::format("Shown by: {}\n", regression.replay));
  if (!test.notes.empty()) text += " *\n * In this test:\n";
  for (const std::string& note : test.notes) text += in_comment("- " + note + "\n");
  if (needs_kasan(regression.scenario)) text += " *\n * Only a kernel with CONFIG_KASAN sees it.\n";
  text += fmt::format(
      " *\n * Copy it to {0}/{1}_test.c, add to {0}/Makefile\n"
      " *\n *\tobj-$(CONFIG_KUNIT) += {1}_test.o\n *\n * and run\n"
      " *\n *\t./tools/testing/kunit/kunit.py run --kunitconfig lib/kunit \\\n"
      " *\t\t{2}{1}\n */\n",
      target.folder, suite, target.options);
  return text;
}

std::string suite_code(const KunitTest& test, const std::string& suite) {
  std::string text = "\nstatic struct kunit_case scenario_cases[] = {\n";
  for (const std::string& name : test.cases) text += fmt::format("\tKUNIT_CASE({}),\n", name);
  const std::string exit =
      test.exit.empty() ? std::string() : fmt::format("\t.exit = {},\n", test.exit);
  return text + fmt::format(
                    "\t{{}}\n}};\n\nstatic struct kunit_suite scenario_suite = {{\n"
                    "\t.name = \"{}\",\n\t.init = {},\n{}"
                    "\t.test_cases = scenario_cases,\n}};\n\n"
                    "kunit_test_suite(scenario_suite);\n\n"
                    "MODULE_DESCRIPTION(\"KUnit test of a finding\");\n"
                    "MODULE_LICENSE(\"GPL\");\n",
                    suite, test.init, exit);
}

WrittenTest write_kunit(const Regression& regression) {
  const KunitTarget& target = *kunit_target(regression.target);
  std::string suite = regression.name;
  std::replace(suite.begin(), suite.end(), '-', '_');
  if (suite[0] >= '0' && suite[0] <= '9') suite = regression.target + "_" + suite;
  KunitTest test = target.write(regression.scenario, suite);
  if (!test.reasons.empty()) return {{}, std::move(test.reasons)};
  return {"// SPDX-License-Identifier: GPL-2.0-only\n" +
              file_comment(regression, target, test, suite) + test.code + suite_code(test, suite),
          {}};
}

}  // namespace

bool needs_kasan(const Scenario& scenario) {
  return !scenario.verdict;
}

const RegressionForm kKunitForm = {"kunit", "_test.c", RegressionForm::Home::kernel, kunit_refusal,
                                   write_kunit};

}  // namespace anyctx::triage
