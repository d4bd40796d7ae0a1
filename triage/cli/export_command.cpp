#include "triage/cli/export_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/suggest.h"
#include "fuzzers/ops/text.h"
#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/minimization.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/shown_bug.h"
#include "triage/cli/story_run.h"
#include "triage/cli/target_schema.h"
#include "triage/export/regression.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

const RegressionForm& form_of(const std::string& name) {
  std::string names;
  program::Suggestion suggestion(name);
  for (const RegressionForm* form : regression_forms()) {
    if (form->name == name) return *form;
    names += fmt::format(" {}", form->name);
    suggestion.offer(form->name);
  }
  throw SetupError(
      fmt::format("--as: nothing exports to '{}'; there is{}{}", name, names, suggestion.clause()));
}

/// What can be said before anything is run.
void check_form(const RegressionForm& form, const Installation& installation,
                std::string_view target) {
  if (form.home == RegressionForm::Home::clone && !installation.kernel().empty())
    throw SetupError(
        fmt::format("--as {}: such a test runs our allocators, not sources of a "
                    "kernel; drop --subject, or choose another form",
                    form.name));
  if (const std::string refusal = form.refusal(target); !refusal.empty())
    throw SetupError(fmt::format("--as {}: {}", form.name, refusal));
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

/// A program in a file for as long as a process may want to read it.
class Draft {
 public:
  explicit Draft(const std::string& program)
      : file_(fs::temp_directory_path() /
              fmt::format("anyctx-export-{}.txt", short_hash(program))) {
    write_file(file_, program);
  }
  ~Draft() {
    std::error_code ignored;
    fs::remove(file_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  std::string file() const { return file_; }

 private:
  fs::path file_;
};

/// The steps as `replay` tells them; of a crash, how its report begins.
std::string story_of(const Installation& installation, const Judge& judge, const Sight& sight,
                     const Draft& draft) {
  if (sight.verdict.is_null()) return beginning_of_report(sight.output);
  const Captured told =
      capture(installation.runner(judge.sanitizer()).with("replay").with(draft.file()));
  return told.output.substr(0, told.output.find("  replay    "));
}

/// Who builds the program again needs none: tests in this clone do.
Scenario scenario_for(const RegressionForm& form, const Installation& installation,
                      const Judge& judge, const Minimized& smallest, const Draft& draft) {
  if (form.home == RegressionForm::Home::clone) return {};
  if (smallest.sight.signature.kind == "timeout")
    throw SetupError(fmt::format("--as {}: a run that does not end has no story", form.name));
  const StoryRun run = run_story(installation, judge.sanitizer(), draft.file(), {});
  return scenario_of(run.document, target_schema(installation, smallest.target)->schema());
}

/// In the tree of a kernel, a name has to say what is tested.
std::string default_name(const RegressionForm& form, const Regression& regression) {
  const std::string name = fmt::format("{}-{}", regression.kind, short_hash(regression.program));
  return form.home == RegressionForm::Home::clone ? name : regression.target + "-" + name;
}

/// Where the program goes, and the test.
struct Places {
  fs::path program;
  fs::path test;
};

Places places_of(const Installation& installation, const RegressionForm& form,
                 const Regression& regression, const std::string& output) {
  std::string stem = regression.name;
  std::replace(stem.begin(), stem.end(), '-', '_');
  const bool here = form.home == RegressionForm::Home::clone;
  const fs::path folder = installation.work() / "export";
  const fs::path programs = here ? installation.corpus(regression.target) / "regress" : folder;
  const fs::path tests = here ? installation.root() / "tests/regress" : folder;
  return {programs / (stem + ".txt"),
          output.empty() ? tests / (stem + std::string(form.extension)) : fs::path(output)};
}

std::vector<TestFile> written(const RegressionForm& form, const Regression& regression,
                              const fs::path& place) {
  WrittenTest test = form.write(regression);
  if (!test.reasons.empty())
    throw SetupError(fmt::format("--as {}: this finding cannot be expressed: {}", form.name,
                                 fmt::join(test.reasons, "; ")));
  return files_at(place, std::move(test));
}

/// A folder is one that may be there.
void refuse_to_replace(const Places& places) {
  refuse_to_replace(places.program);
  if (!fs::is_directory(places.test)) refuse_to_replace(places.test);
}

}  // namespace

int export_test(const Installation& installation, const ExportOptions& options) {
  const RegressionForm& form = form_of(options.form);
  check_name(options.name);
  const std::chrono::seconds time = parse_duration(options.time);
  const std::string text =
      without_comments(text_of_file(installation, options.file, options.target));
  check_form(form, installation, program::target_of_text(text));
  const ShownBug bug =
      find_bug(installation, options.sanitizer, std::chrono::seconds(10), options.file, text);
  count_interrupts();
  const Minimized smallest = Minimization(installation, *bug.judge, time).run(text, bug.sight);

  Regression regression;
  regression.target = smallest.target;
  regression.kind = smallest.sight.signature.kind;
  regression.headline = smallest.sight.signature.headline;
  regression.program = smallest.program;
  regression.kernel = installation.kernel();
  regression.name = options.name.empty() ? default_name(form, regression) : options.name;
  const Places places = places_of(installation, form, regression, options.output);
  refuse_to_replace(places);
  const Draft draft(regression.program);
  regression.replay =
      replay_line(*bug.judge, places.program.lexically_proximate(installation.root()));
  regression.story = story_of(installation, *bug.judge, smallest.sight, draft);
  regression.scenario = scenario_for(form, installation, *bug.judge, smallest, draft);
  std::vector<TestFile> files = written(form, regression, places.test);
  for (const TestFile& file : files) refuse_to_replace(file.place);

  files.insert(files.begin(), {places.program, to_corpus_file(regression)});
  fmt::print("{}\n{}", regression.headline, regression.program);
  fmt::print("minimized {} -> {}\n", to_string(smallest.before), to_string(smallest.after));
  for (const TestFile& file : files) {
    if (file.place.has_parent_path()) fs::create_directories(file.place.parent_path());
    write_file(file.place, file.text);
    fmt::print("{:<9} {}\n", &file == &files.front() ? "program" : "test", shown(file.place));
  }
  return kExitClean;
}

}  // namespace anyctx::triage
