#include "triage/cli/campaign_stats.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "triage/cli/setup_error.h"

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

std::vector<std::filesystem::path> stats_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::filesystem::path& path = entry.path();
    if (path.filename().string().starts_with("stats-") && path.extension() == ".json")
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

nlohmann::json merged_stats(const Installation& installation, const std::string& target,
                            const std::vector<std::filesystem::path>& files) {
  Command points = installation.runner().with("points").with("--json").with(target);
  for (const std::filesystem::path& file : files) points.with("--stats").with(file);
  const Captured captured = capture(points);
  auto json = nlohmann::json::parse(captured.output, nullptr, false);
  if (!json.is_object()) throw SetupError(complaint(captured.errors));
  return json.at("targets").at(0);
}

}  // namespace anyctx::triage
