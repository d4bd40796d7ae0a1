#include "triage/cli/engine.h"

#include "triage/cli/afl_engine.h"
#include "triage/cli/libfuzzer_engine.h"

namespace anyctx::triage {

std::unique_ptr<Engine> make_engine(const Installation& installation, const CampaignPlan& plan) {
  if (plan.engine == "afl") return std::make_unique<AflEngine>(installation, plan);
  return std::make_unique<LibfuzzerEngine>(installation, plan);
}

}  // namespace anyctx::triage
