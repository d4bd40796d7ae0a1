#include "triage/cli/engine.h"

#include "triage/cli/afl_engine.h"
#include "triage/cli/libfuzzer_engine.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {

std::unique_ptr<Engine> make_engine(const Installation& installation, const CampaignPlan& plan) {
  const bool is_plain = plan.decisions && plan.feedback && plan.ignored.empty();
  if (plan.engine == "afl" && !is_plain)
    throw SetupError("--no-decisions, --no-feedback and --ignore are for --engine libfuzzer");
  if (plan.engine == "afl") return std::make_unique<AflEngine>(installation, plan);
  return std::make_unique<LibfuzzerEngine>(installation, plan);
}

}  // namespace anyctx::triage
