// LibfuzzerEngine: processes that share a corpus; each ends with the first finding.
#pragma once

#include "triage/cli/engine.h"

namespace anyctx::triage {

class LibfuzzerEngine final : public Engine {
 public:
  LibfuzzerEngine(const Installation& installation, const CampaignPlan& plan)
      : installation_(installation), plan_(plan) {}

  std::vector<Artifact> prepare(const std::vector<std::filesystem::path>& seeds) override;
  std::unique_ptr<Job> start(unsigned number, std::chrono::seconds time) override;
  void finish() override {}
  bool ends_with_finding() const override { return true; }

 private:
  std::filesystem::path artifacts() const { return plan_.folder / "artifacts"; }

  const Installation& installation_;
  const CampaignPlan& plan_;
  std::vector<std::filesystem::path> seeds_;
};

}  // namespace anyctx::triage
