#include "triage/cli/campaign_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "triage/cli/duration.h"

namespace anyctx::triage {

void CampaignProgress::look(const CampaignNumbers& numbers) {
  const CampaignStats& stats = numbers.stats;
  const std::chrono::seconds passed(static_cast<std::int64_t>(numbers.seconds));
  const double speed = static_cast<double>(stats.executions()) / std::max(numbers.seconds, 1.0);
  progress_.show(fmt::format("{} {}/{}  {} runs  {:.0f}/s  coverage {}  points {}/{}  findings {}",
                             numbers.plan.target, to_clock(std::min(passed, numbers.plan.time)),
                             to_clock(numbers.plan.time), stats.executions(), speed,
                             numbers.coverage, stats.points_reached(), stats.points(),
                             numbers.findings));
}

void CampaignProgress::found(const CampaignPlan& plan, const Finding& finding) {
  progress_.say(
      fmt::format("{}: finding {}: {}", plan.target, finding.name, finding.signature.headline));
}

}  // namespace anyctx::triage
