// Sweep crew: the workers of a sweep. One that ends before its time has found something: what it
// ran is noted, and another one goes on behind it.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "triage/cli/process.h"
#include "triage/cli/progress.h"
#include "triage/cli/sweep_journal.h"
#include "triage/cli/sweep_worker.h"

namespace anyctx::triage {

struct SweepShare {
  std::vector<std::string> files;    // or the target of a small scope
  std::vector<std::string> options;  // of `anyctx-run sweep`, but for those of the ledger and place
  Command runner;                    // anyctx-run
  unsigned jobs = 1;
  std::chrono::seconds run_limit{60};             // for a single run
  std::optional<std::chrono::seconds> time = {};  // for everything
  bool only_first = false;                        // end with the first finding
};

class SweepCrew {
 public:
  SweepCrew(const SweepShare& share, std::filesystem::path out, SweepJournal& journal,
            SweepResult& result)
      : share_(share), out_(std::move(out)), journal_(journal), result_(result) {}

  /// Until everything is done, the time is over or somebody interrupts. Returns whether everything
  /// is done. Throws SetupError.
  bool run();

 private:
  // After so many ends in one program, the rest of it is given up.
  static constexpr std::size_t kMostCrashes = 20;

  Command command() const;
  void start(unsigned job);
  void read(SweepWorker& worker);
  bool turn();
  void ended(unsigned job, const Exit& exit);
  void note_crash(const SweepWorker& worker);
  void give_up_program(std::uint64_t program, const std::string& text, const std::string& target);
  std::string describe(const SweepPlaceNumbers& place) const;

  const SweepShare& share_;
  std::filesystem::path out_;
  SweepJournal& journal_;
  SweepResult& result_;
  Progress progress_;
  std::vector<std::unique_ptr<SweepWorker>> workers_;  // by job; null: done
};

}  // namespace anyctx::triage
