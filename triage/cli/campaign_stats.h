// Campaign stats: the numbers on the progress line, from the files that running fuzzers write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "triage/cli/installation.h"

namespace anyctx::triage {

class CampaignStats {
 public:
  /// Looks at a file again; keeps what it knew if there is none yet.
  void read(const std::filesystem::path& file);

  std::uint64_t executions() const;
  std::size_t points_reached() const { return reached_.size(); }
  std::size_t points() const { return points_.size(); }
  /// By name.
  const std::set<std::string>& reached() const { return reached_; }

 private:
  std::map<std::string, std::uint64_t> executions_;  // by file
  std::set<std::string> points_;
  std::set<std::string> reached_;
};

/// The files that fuzzers wrote into a folder, but for those that one was writing when it was
/// ended.
std::vector<std::filesystem::path> stats_files(const std::filesystem::path& folder);

/// What they add up to, as anyctx-run prints it; such a document is a statistics file too. Throws
/// SetupError.
nlohmann::json merged_stats(const Installation& installation, const std::string& target,
                            const std::vector<std::filesystem::path>& files);

}  // namespace anyctx::triage
