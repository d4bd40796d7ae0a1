// Engine: what searches one target: makes the processes that do it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "triage/cli/installation.h"
#include "triage/cli/job.h"

namespace anyctx::triage {

struct CampaignPlan {
  std::string target;
  std::string engine;
  std::string sanitizer;
  std::chrono::seconds time{60};
  unsigned jobs = 1;
  std::uint32_t seed = 1;
  std::vector<std::string> params;   // NAME=VALUE, of all programs
  bool decisions = true;             // false: programs are operations only
  bool feedback = true;              // false: nothing is kept of what the search tries
  std::vector<std::string> ignored;  // kinds of verdicts that are no findings
  bool only_first = false;           // ends with the first finding
  std::filesystem::path folder;      // of this campaign's own files; statistics stay there
  std::filesystem::path corpus;      // inputs worth keeping, over campaigns
  std::filesystem::path findings;    // programs, of all targets
};

/// Statistics are in files plan.folder/stats-*.json. Calls throw SetupError.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Before the first job. `seeds` are folders of inputs, beside plan.corpus. Returns inputs that
  /// show a bug already, if the engine would not report them.
  virtual std::vector<Artifact> prepare(const std::vector<std::filesystem::path>& seeds) = 0;
  /// `number` counts from 0; not 0 again for those that come after one that ended.
  virtual std::unique_ptr<Job> start(unsigned number, std::chrono::seconds time) = 0;
  /// After the last job: what is worth keeping is in plan.corpus.
  virtual void finish() = 0;
  /// Whether a job ends when it has found something.
  virtual bool ends_with_finding() const = 0;
};

/// Those whose names `fuzz --engine` takes. `plan` and `installation` must outlive it.
std::unique_ptr<Engine> make_engine(const Installation& installation, const CampaignPlan& plan);

}  // namespace anyctx::triage
