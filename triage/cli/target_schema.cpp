#include "triage/cli/target_schema.h"

#include <nlohmann/json.hpp>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

std::unique_ptr<SchemaCopy> target_schema(const Installation& installation,
                                          const std::string& target) {
  const Captured captured = capture(installation.runner().with("schema").with(target));
  const auto json = nlohmann::json::parse(captured.output, nullptr, false);
  if (!json.is_object()) throw SetupError(complaint(captured.errors));
  return std::make_unique<SchemaCopy>(json);
}

}  // namespace anyctx::triage
