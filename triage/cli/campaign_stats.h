// Campaign stats: the numbers on the progress line, from the files that running fuzzers write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace anyctx::triage {

class CampaignStats {
 public:
  /// Looks at a file again; keeps what it knew if there is none yet.
  void read(const std::filesystem::path& file);

  std::uint64_t executions() const;
  std::size_t points_reached() const { return reached_.size(); }
  std::size_t points() const { return points_.size(); }

 private:
  std::map<std::string, std::uint64_t> executions_;  // by file
  std::set<std::string> points_;
  std::set<std::string> reached_;
};

}  // namespace anyctx::triage
