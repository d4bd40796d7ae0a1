// A night's sweeps: every failure, NMI and switch at every point of inputs that are new.
#include <fmt/format.h>

#include <algorithm>

#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/night.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/sweep_crew.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::seconds;

constexpr std::size_t kProgramsAtATime = 8;
constexpr seconds kSweptRunLimit{10};

SweepShare share_of(const Installation& installation, const std::vector<fs::path>& files,
                    unsigned jobs, seconds time) {
  SweepShare share;
  for (const fs::path& file : files) share.files.push_back(file);
  share.options = {"--faults", "true",     "--nmi",   "true",     "--preempt",
                   "true",     "--freeze", "false",   "--depth",  "1",
                   "--pairs",  "0",        "--scope", "0",        "--occurrences",
                   "16",       "--shard",  "0",       "--shards", "1"};
  share.runner = installation.runner();
  share.jobs = jobs;
  share.run_limit = kSweptRunLimit;
  share.time = time;
  return share;
}

std::uint64_t runs_of(const SweepResult& result) {
  std::uint64_t runs = 0;
  for (const auto& [target, totals] : result.totals()) runs += totals.runs;
  return runs;
}

}  // namespace

/// Sweeps take no more than their share of the time so far.
void Night::sweep_some(const std::string& target) {
  double spent = 0;
  for (const NightSweep& sweep : log_.record().sweeps()) spent += sweep.seconds;
  const double begin = log_.now();
  const double time = std::min(plan_.sweep * begin - spent, budget() - reserve() - begin);
  const auto files = corpus_.unswept(target, kProgramsAtATime);
  if (time < 1 || files.empty() || interrupts() > 0) return;
  json event = {{"event", "sweep"}, {"target", target}, {"programs", files.size()}};
  try {
    const SweepShare share =
        share_of(installation_, files, plan_.jobs, seconds(static_cast<std::int64_t>(time)));
    const fs::path folder = plan_.out / "sweep";
    fs::remove_all(folder);
    fs::create_directories(folder);
    SweepResult result;
    SweepJournal journal(folder / "journal.jsonl", json{{"files", share.files}}, result);
    event["complete"] = SweepCrew(share, folder, journal, result).run();
    event["runs"] = runs_of(result);
    event["findings"] = result.findings().size();
    corpus_.mark_swept(target, files);
    for (const SweepFinding& finding : result.findings()) {
      const std::string& sanitizer = plan_.sanitizers.front();
      const std::string name = fmt::format("{}-{}", finding.kind, short_hash(finding.program));
      write_file(findings_.pile(sanitizer) / (name + ".txt"),
                 fmt::format("# {}\n{}", finding.headline, finding.program));
      note_finding(sanitizer, target + "-sweep", {finding.kind, finding.key, finding.headline, {}},
                   name);
    }
  } catch (const SetupError& error) {
    event["failure"] = error.what();
  } catch (const fs::filesystem_error& error) {
    event["failure"] = error.code().message();
  }
  event["seconds"] = log_.now() - begin;
  log_.tell(event);
}

}  // namespace anyctx::triage
