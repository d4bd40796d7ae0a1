// AflEngine: afl-fuzz with our mutator: one main process and others that follow it, which share a
// folder and go on after a finding.
#pragma once

#include "triage/cli/engine.h"

namespace anyctx::triage {

/// Copies the inputs of all queues of a shared folder to a corpus, under the names of contents.
void keep_queues(const std::filesystem::path& shared, const std::filesystem::path& corpus);

class AflEngine final : public Engine {
 public:
  AflEngine(const Installation& installation, const CampaignPlan& plan)
      : installation_(installation), plan_(plan) {}

  /// AFL++ would leave out inputs that show a bug, and say nothing.
  std::vector<Artifact> prepare(const std::vector<std::filesystem::path>& seeds) override;
  std::unique_ptr<Job> start(unsigned number, std::chrono::seconds time) override;
  void finish() override { keep_queues(shared(), plan_.corpus); }
  bool ends_with_finding() const override { return false; }

 private:
  std::filesystem::path inputs() const { return plan_.folder / "afl-in"; }
  std::filesystem::path shared() const { return plan_.folder / "afl"; }
  /// Whether all of them run to their end, in one process.
  bool are_silent(const std::vector<std::filesystem::path>& files) const;

  const Installation& installation_;
  const CampaignPlan& plan_;
};

}  // namespace anyctx::triage
