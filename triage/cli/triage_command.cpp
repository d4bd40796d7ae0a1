#include "triage/cli/triage_command.h"

#include <fmt/format.h>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/sorting.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

/// The text for a terminal, with every story.
std::string with_stories(const TriageReport& report) {
  std::string text = to_text(report);
  for (const Bug& bug : report.bugs) {
    text += fmt::format("\n--- {} ---\n{}", bug.name, bug.told.empty() ? bug.output : bug.told);
  }
  return text;
}

}  // namespace

void save_triage(const TriageReport& report, const fs::path& folder) {
  write_file(folder / "report.txt", with_stories(report));
  write_file(folder / "report.html", to_html(report));
  write_file(folder / "report.sarif", to_sarif(report).dump(1) + "\n");
  write_file(folder / "report.junit.xml", to_junit(report));
  write_file(folder / "report.json", to_json(report).dump(1) + "\n");
}

int triage(const Installation& installation, const TriageOptions& options) {
  SortingPlan plan;
  plan.folder = options.folder;
  plan.report = options.report.empty() ? installation.work() / "triage" : fs::path(options.report);
  plan.target = options.target;
  plan.sanitizer = options.sanitizer;
  if (plan.sanitizer.empty() && installation.has_runner("address")) plan.sanitizer = "address";
  plan.replays = options.replays;
  plan.time = parse_duration(options.time);
  plan.timeout = parse_duration(options.timeout);
  if (!fs::is_directory(plan.folder))
    throw SetupError(
        fmt::format("{} is no folder; give the one with the inputs", plan.folder.string()));
  if (!plan.target.empty()) require_target(installation.targets(), plan.target);
  fs::create_directories(plan.report);
  count_interrupts();
  Progress progress;
  const TriageReport report = Sorting(installation, plan, progress).run();
  save_triage(report, plan.report);
  if (options.json)
    fmt::print("{}\n", to_json(report).dump());
  else
    fmt::print("{}\nreport    {} (also .html, .json, .sarif, .junit.xml)\n", to_text(report),
               shown(plan.report / "report.txt"));
  return exit_code(report);
}

}  // namespace anyctx::triage
