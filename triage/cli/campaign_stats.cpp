#include "triage/cli/campaign_stats.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace anyctx::triage {

void CampaignStats::read(const std::filesystem::path& file) {
  std::ifstream in(file);
  const auto stats = nlohmann::json::parse(in, nullptr, false);
  if (!stats.is_object()) return;
  executions_[file.string()] = stats.at("executions");
  for (const auto& point : stats.at("points")) {
    const std::string name = point.at("name");
    points_.insert(name);
    if (!point.at("reached").empty()) reached_.insert(name);
  }
}

std::uint64_t CampaignStats::executions() const {
  std::uint64_t total = 0;
  for (const auto& [file, executions] : executions_) total += executions;
  return total;
}

}  // namespace anyctx::triage
