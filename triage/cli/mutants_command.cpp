#include "triage/cli/mutants_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/mutant_run.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void check(const MutantsOptions& options) {
  const std::vector<std::string>& known = mutant_engines();
  for (const std::string& engine : options.engines) {
    if (std::find(known.begin(), known.end(), engine) != known.end()) continue;
    throw SetupError(fmt::format("--engine: '{}' is none of {}", engine, fmt::join(known, ", ")));
  }
}

}  // namespace

int mutants(const Installation& installation, const MutantsOptions& options) {
  check(options);
  MutantRunPlan plan;
  plan.engines = options.engines;
  if (!options.time.empty()) plan.time = parse_duration(options.time);
  plan.trials = options.trials;
  plan.seed = options.seed;
  plan.replays = options.replays;
  plan.further = options.further;
  plan.out =
      fs::absolute(options.out.empty() ? installation.work() / "mutants" : fs::path(options.out));
  const std::vector<Mutant> chosen = choose_mutants(installation, options.ids);
  const Clock::time_point begin = Clock::now();
  MutantReport report;
  report.engines = options.engines;
  Progress progress;
  count_interrupts();
  for (const Mutant& mutant : chosen) {
    if (interrupts() > 0) break;
    report.rows.push_back(MutantRun(installation, mutant, plan, progress).run());
  }
  report.interrupted = interrupts() > 0;
  report.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  progress.clear();
  if (!options.html.empty()) write_file(options.html, to_html(report));
  fmt::print("{}", options.json ? to_json(report).dump() + "\n" : to_text(report));
  const bool good = std::all_of(report.rows.begin(), report.rows.end(),
                                [](const MutantRow& row) { return row.is_as_it_should_be(); });
  return good && !report.interrupted ? kExitClean : kExitBug;
}

}  // namespace anyctx::triage
