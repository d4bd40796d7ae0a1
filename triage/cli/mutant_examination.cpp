#include "triage/cli/mutant_examination.h"

#include <algorithm>
#include <chrono>

#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/judge.h"
#include "triage/cli/minimization.h"
#include "triage/cli/program_text.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kRunLimit{5000};
constexpr std::chrono::seconds kTimeToMinimize{60};
constexpr std::size_t kMostInputs = 500;

bool is_same(const Sight& a, const Sight& b) {
  return a.bug == b.bug && a.signature.key == b.signature.key && a.digest == b.digest;
}

}  // namespace

MutantSmallest examine_finding(const Installation& clone, const std::string& sanitizer,
                               const std::string& file, unsigned replays) {
  Judge judge(clone, sanitizer, "", kRunLimit);
  const std::string text = without_comments(text_of_file(clone, file, ""));
  const Sight first = judge.look(text);
  MutantSmallest smallest;
  smallest.kind = first.bug ? first.signature.kind : "";
  for (; smallest.replays < replays && interrupts() == 0; ++smallest.replays) {
    if (first.bug && is_same(judge.look(text), first)) ++smallest.same;
  }
  if (!first.bug) return smallest;
  Minimization minimization(clone, judge, kTimeToMinimize);
  const Minimized result = minimization.run(text, first);
  smallest.before = to_string(result.before);
  smallest.after = to_string(result.after);
  smallest.ops = result.after.ops;
  smallest.decisions = result.after.decisions;
  smallest.program = result.program;
  return smallest;
}

MutantReach measure_reach(const Installation& clone, const Installation& unchanged,
                          const std::string& sanitizer, const std::string& target,
                          const fs::path& inputs) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(inputs, none)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  files.resize(std::min(files.size(), kMostInputs));
  Judge with(clone, sanitizer, target, kRunLimit);
  Judge without(unchanged, sanitizer, target, kRunLimit);
  MutantReach reach;
  for (const fs::path& file : files) {
    if (interrupts() > 0) break;
    const std::string input = read_file(file);
    ++reach.inputs;
    if (!is_same(with.look(input), without.look(input))) ++reach.differ;
  }
  return reach;
}

}  // namespace anyctx::triage
