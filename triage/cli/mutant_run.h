// MutantRun: everything about one planted bug: builds it in, searches for it with each engine, as
// often as asked for, examines what was found. Results are kept, and go on where they were.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "triage/cli/mutant.h"
#include "triage/cli/mutant_trial.h"
#include "triage/cli/progress.h"
#include "triage/report/mutant_report.h"

namespace anyctx::triage {

struct MutantRunPlan {
  std::vector<std::string> engines;
  std::optional<std::chrono::seconds> time;  // of a trial; none: the mutant's usual one
  unsigned trials = 1;
  std::uint64_t seed = 1;
  unsigned replays = 100;
  bool further = false;
  std::filesystem::path out;
};

class MutantRun {
 public:
  MutantRun(const Installation& installation, const Mutant& mutant, const MutantRunPlan& plan,
            Progress& progress);

  /// Ends early on interrupts(), with what there is. Throws SetupError.
  MutantRow run();

 private:
  std::vector<std::string> engines() const;
  void build(const std::string& engine) const;
  std::string identity(const std::string& engine) const;
  MutantSearch& search_of(const std::string& engine);
  bool search(const std::string& engine, unsigned trials,
              const std::vector<std::string>& ignored = {});
  bool look_further();
  void examine();
  void keep() const;
  std::filesystem::path folder(const std::string& engine) const;

  const Installation& installation_;
  const Mutant& mutant_;
  const MutantRunPlan& plan_;
  Progress& progress_;
  Installation clone_;  // with the bug built in
  std::chrono::seconds time_;
  MutantRow row_;
};

}  // namespace anyctx::triage
