// Night log: what a night writes down as it goes: the journal on the disk, the record of it, and
// the time that was spent. Waits where a disk is full.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "triage/cli/night_journal.h"
#include "triage/cli/progress.h"
#include "triage/report/night_record.h"

namespace anyctx::triage {

class NightLog {
 public:
  /// Goes on with a journal that is there.
  NightLog(const std::filesystem::path& journal, Progress& progress);

  const NightRecord& record() const { return record_; }
  bool is_new() const { return is_new_; }

  /// The time that may be spent, for waiting. After the first event.
  void set_budget(double seconds) { budget_ = seconds; }

  /// Seconds that the night has taken so far. What passed between an end of the process and its
  /// next start does not count, nor what it did not come to write down.
  double now() const;

  /// Adds "t" and writes it down; waits for room. Throws SetupError if none comes in time.
  void tell(nlohmann::json event);

  /// Returns at once if there is room on the disk. Otherwise says so and waits. Throws SetupError
  /// if the time is over or somebody interrupts.
  void wait_for_room();
  bool has_room() const;

 private:
  using Clock = std::chrono::steady_clock;

  void wait_or_give_up(const std::string& why);

  std::filesystem::path folder_;
  NightJournal journal_;
  NightRecord record_;
  Progress& progress_;
  bool is_new_;
  double budget_ = 1e9;
  double before_;
  Clock::time_point start_;
};

}  // namespace anyctx::triage
