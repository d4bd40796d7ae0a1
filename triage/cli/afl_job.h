// AflJob: one running afl-fuzz, which keeps what it finds in a folder.
#pragma once

#include <set>

#include "triage/cli/job.h"

namespace anyctx::triage {

class AflJob final : public Job {
 public:
  /// `folder` is where it keeps queue/, crashes/, hangs/ and fuzzer_stats.
  AflJob(const Command& command, const std::filesystem::path& log, std::filesystem::path folder)
      : Job(command, log), folder_(std::move(folder)) {}

  std::vector<Artifact> take_artifacts() override;
  unsigned coverage() const override { return number_of("edges_found"); }
  unsigned corpus() const override { return number_of("corpus_count"); }
  const std::string& complaint() const override { return complaint_; }

 private:
  void add_line(std::string_view line) override;
  /// Of fuzzer_stats, which is written once a minute and at the end; 0 before that.
  unsigned number_of(std::string_view key) const;

  std::filesystem::path folder_;
  std::set<std::filesystem::path> taken_;
  std::string complaint_;
};

}  // namespace anyctx::triage
