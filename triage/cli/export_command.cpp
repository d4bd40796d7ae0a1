#include "triage/cli/export_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/minimization.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/shown_bug.h"
#include "triage/export/regression.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

const RegressionForm& form_of(const std::string& name) {
  std::string names;
  program::Suggestion suggestion(name);
  for (const RegressionForm& form : regression_forms()) {
    if (form.name == name) return form;
    names += fmt::format(" {}", form.name);
    suggestion.offer(form.name);
  }
  throw SetupError(
      fmt::format("--as: nothing exports to '{}'; there is{}{}", name, names, suggestion.clause()));
}

/// Names become parts of file names and of identifiers.
void check_name(const std::string& name) {
  const bool plain =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
      std::string::npos;
  if (!plain)
    throw SetupError(fmt::format("--name: '{}' has other characters than a-z 0-9 _ -", name));
}

void refuse_to_replace(const fs::path& file) {
  if (fs::exists(file))
    throw SetupError(
        fmt::format("{} is there already; remove it, or choose another --name", shown(file)));
}

/// The steps as `replay` tells them; of a crash, how its report begins.
std::string story_of(const Installation& installation, const Judge& judge, const Sight& sight,
                     const std::string& program) {
  if (sight.verdict.is_null()) return beginning_of_report(sight.output);
  const fs::path draft =
      fs::temp_directory_path() / fmt::format("anyctx-export-{}.txt", short_hash(program));
  write_file(draft, program);
  const Captured told = capture(installation.runner(judge.sanitizer()).with("replay").with(draft));
  fs::remove(draft);
  return told.output.substr(0, told.output.find("  replay    "));
}

}  // namespace

int export_test(const Installation& installation, const ExportOptions& options) {
  const RegressionForm& form = form_of(options.form);
  check_name(options.name);
  const std::chrono::seconds time = parse_duration(options.time);
  const std::string text =
      without_comments(text_of_file(installation, options.file, options.target));
  const ShownBug bug =
      find_bug(installation, options.sanitizer, std::chrono::seconds(10), options.file, text);
  count_interrupts();
  const Minimized smallest = Minimization(installation, *bug.judge, time).run(text, bug.sight);

  Regression regression;
  regression.target = smallest.target;
  regression.kind = smallest.sight.signature.kind;
  regression.headline = smallest.sight.signature.headline;
  regression.program = smallest.program;
  regression.name = options.name.empty()
                        ? fmt::format("{}-{}", regression.kind, short_hash(regression.program))
                        : options.name;
  std::string stem = regression.name;
  std::replace(stem.begin(), stem.end(), '-', '_');
  const fs::path kept = installation.corpus(regression.target) / "regress" / (stem + ".txt");
  const fs::path test = options.output.empty() ? installation.root() / "tests/regress" /
                                                     (stem + std::string(form.extension))
                                               : fs::path(options.output);
  refuse_to_replace(kept);
  refuse_to_replace(test);
  regression.replay = replay_line(*bug.judge, kept.lexically_proximate(installation.root()));
  regression.story = story_of(installation, *bug.judge, smallest.sight, regression.program);

  for (const fs::path& file : {kept, test}) {
    if (file.has_parent_path()) fs::create_directories(file.parent_path());
  }
  write_file(kept, to_corpus_file(regression));
  write_file(test, form.write(regression));
  fmt::print("{}\n{}", regression.headline, regression.program);
  fmt::print("minimized {} -> {}\n", to_string(smallest.before), to_string(smallest.after));
  fmt::print("program   {}\ntest      {}\n", shown(kept), shown(test));
  return kExitClean;
}

}  // namespace anyctx::triage
