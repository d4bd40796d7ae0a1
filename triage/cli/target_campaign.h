// TargetCampaign: fuzzes one target for some time, with some processes that share a corpus.
#pragma once

#include <chrono>
#include <filesystem>
#include <list>
#include <string>

#include "triage/cli/campaign_stats.h"
#include "triage/cli/installation.h"
#include "triage/cli/investigation.h"
#include "triage/cli/job.h"
#include "triage/cli/progress.h"
#include "triage/report/campaign_report.h"

namespace anyctx::triage {

struct CampaignPlan {
  std::string target;
  std::string sanitizer;
  std::chrono::seconds time{60};
  unsigned jobs = 1;
  std::uint32_t seed = 1;
  std::vector<std::string> params;  // NAME=VALUE, of all programs
  std::filesystem::path folder;     // of this campaign's own files; statistics stay there
  std::filesystem::path corpus;     // inputs worth keeping, over campaigns
  std::filesystem::path findings;   // programs, of all targets
};

class TargetCampaign {
 public:
  TargetCampaign(const Installation& installation, CampaignPlan plan, Progress& progress);

  /// Ends early on interrupts(). After a finding, goes on with what time is left, unless nothing
  /// new comes. Throws SetupError.
  TargetReport run();

 private:
  using Clock = std::chrono::steady_clock;

  void prepare();
  void convert_seeds(std::string_view kind);
  void start_job();
  void wait_for_output();
  bool wants_more() const;
  void end_of_job(Job& job, const Exit& exit);
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
  std::list<Job> jobs_;
  unsigned started_ = 0;
  int interrupts_told_ = 0;
  unsigned nothing_new_ = 0;  // findings since the last new one
  unsigned coverage_ = 0;
  unsigned corpus_ = 0;
  CampaignStats stats_;
  std::vector<Finding> findings_;
};

}  // namespace anyctx::triage
