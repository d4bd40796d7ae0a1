// Campaign watch: who is told how the search of one target goes.
#pragma once

#include <chrono>

#include "triage/cli/campaign_stats.h"
#include "triage/cli/engine.h"
#include "triage/cli/progress.h"
#include "triage/report/campaign_report.h"

namespace anyctx::triage {

/// Where a search is. Refers to what the search owns.
struct CampaignNumbers {
  const CampaignPlan& plan;
  double seconds = 0;  // since its start
  const CampaignStats& stats;
  unsigned coverage = 0;  // edges
  unsigned corpus = 0;    // inputs
  std::size_t findings = 0;
};

class CampaignWatch {
 public:
  virtual ~CampaignWatch() = default;

  /// At every turn of the loop.
  virtual void look(const CampaignNumbers& numbers) = 0;
  /// The first finding with its signature in this search. Its program is saved.
  virtual void found(const CampaignPlan& plan, const Finding& finding) = 0;
};

/// Shows it on the progress line.
class CampaignProgress final : public CampaignWatch {
 public:
  explicit CampaignProgress(Progress& progress) : progress_(progress) {}

  void look(const CampaignNumbers& numbers) override;
  void found(const CampaignPlan& plan, const Finding& finding) override;

 private:
  Progress& progress_;
};

}  // namespace anyctx::triage
