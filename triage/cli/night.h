// Night: one run of a campaign, from its first input to its report; goes on where an earlier
// process was ended.
//
// The night is divided into slices of some minutes at most. A slice gives one cell all processes;
// the cell that had the least time comes next. After a slice, new findings are sorted, and some new
// inputs are swept. At the end corpora are distilled. What is on the disk after each step is enough
// to go on: a slice without an end in the journal is looked through for what it found.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "triage/cli/campaign_watch.h"
#include "triage/cli/night_corpus.h"
#include "triage/cli/night_findings.h"
#include "triage/cli/night_log.h"
#include "triage/cli/night_plan.h"
#include "triage/report/night_report.h"

namespace anyctx::triage {

class Night final : private CampaignWatch {
 public:
  /// `number` counts the nights in `plan.out`, from 1; `last` is what the night before it came to,
  /// null for the first.
  Night(const Installation& installation, const NightPlan& plan, unsigned number,
        nlohmann::json last, Progress& progress);

  /// Until the time is over or interrupts(). Throws SetupError if nothing can be done any more;
  /// what was found until then is on the disk.
  NightReport run();

  /// Identifies a plan: a night goes on with the same one only.
  static nlohmann::json identity(const NightPlan& plan, const std::vector<NightCell>& cells);

 private:
  /// Time of this night that one cell had, and how often it ran nothing.
  struct CellState {
    double seconds = 0;
    double last_night = 0;
    unsigned failures = 0;  // since it last ran
    std::string failure;
  };

  void look(const CampaignNumbers& numbers) override;
  void found(const CampaignPlan& plan, const Finding& finding) override;

  void begin();
  void recover();
  void recover_slice(const NightSlice& slice, double end, const std::string& failure);
  void examine_left(const CampaignPlan& plan);
  void search();
  const NightCell* next_cell() const;
  std::map<std::string, CellState> cell_states() const;
  CampaignPlan plan_of(const NightCell& cell, unsigned number, std::chrono::seconds time) const;
  std::filesystem::path folder_of(unsigned number, const NightCell& cell) const;
  void run_slice(const NightCell& cell, std::chrono::seconds time);
  void note_points(const std::string& target, const std::set<std::string>& reached);
  void sample(std::uint64_t executions);
  void show(const CampaignNumbers& numbers);
  void note_finding(const std::string& sanitizer, const std::string& cell,
                    const Signature& signature, const std::string& name);
  void sort_findings(bool all);
  void sweep_some(const std::string& target);
  void distil();
  NightReport report() const;
  NightCellReport report_of(const NightCell& cell) const;
  NightTarget report_of(const std::string& target) const;
  void report_bugs(NightReport& report) const;

  double budget() const { return static_cast<double>(plan_.time.count()); }
  std::chrono::seconds slice_time() const;
  double reserve() const;  // seconds for what comes after the search
  const NightCell* find_cell(const std::string& name) const;

  const Installation& installation_;
  NightPlan plan_;
  std::vector<NightCell> cells_;
  nlohmann::json last_;
  unsigned number_;
  Progress& progress_;
  NightLog log_;
  NightCorpus corpus_;
  NightFindings findings_;
  std::map<std::string, std::set<std::string>> points_;              // reached, by target
  std::map<std::string, std::map<std::string, unsigned>> coverage_;  // by target and engine
  std::map<std::string, unsigned> inputs_;                           // by target
  unsigned slice_ = 0;                                               // that runs, or ran last
  double sampled_ = 0;
};

}  // namespace anyctx::triage
