// TargetCampaign: fuzzes one target for some time, with some processes that share a corpus.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>

#include "triage/cli/campaign_stats.h"
#include "triage/cli/engine.h"
#include "triage/cli/investigation.h"
#include "triage/cli/progress.h"
#include "triage/report/campaign_report.h"

namespace anyctx::triage {

class TargetCampaign {
 public:
  TargetCampaign(const Installation& installation, CampaignPlan plan, Progress& progress);

  /// Ends early on interrupts(). After a finding, goes on with what time is left, unless nothing
  /// new comes. Throws SetupError.
  TargetReport run();

 private:
  using Clock = std::chrono::steady_clock;

  void prepare();
  std::filesystem::path convert_seeds(std::string_view kind);
  void start_job();
  void wait_for_output();
  bool wants_more() const;
  bool is_enough() const;
  bool examine_artifacts(Job& job);
  void end_of_job(Job& job, const Exit& exit);
  void read_numbers();
  void add_finding(Finding finding);
  void stop_jobs_in_time();
  void show_progress();
  TargetReport report() const;
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  const Installation& installation_;
  CampaignPlan plan_;
  Progress& progress_;
  Investigation investigation_;
  Clock::time_point start_;
  Clock::time_point stats_read_;
  std::unique_ptr<Engine> engine_;
  std::list<std::unique_ptr<Job>> jobs_;
  unsigned started_ = 0;
  int interrupts_told_ = 0;
  bool told_enough_ = false;
  unsigned nothing_new_ = 0;  // findings since the last new one
  unsigned coverage_ = 0;
  unsigned corpus_ = 0;
  CampaignStats stats_;
  std::vector<Finding> findings_;
};

}  // namespace anyctx::triage
