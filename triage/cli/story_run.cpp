#include "triage/cli/story_run.h"

#include <fmt/format.h>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

StoryRun run_story(const Installation& installation, const std::string& sanitizer,
                   const std::string& file, const std::string& raw_target) {
  Command command = installation.runner(sanitizer).with("story");
  if (!raw_target.empty()) command.with("--raw").with(raw_target);
  Captured captured = capture(command.with("--").with(file));
  StoryRun run;
  run.document = nlohmann::json::parse(captured.output, nullptr, false);
  if (!run.document.is_object()) {
    throw SetupError(captured.exit.code == kExitSetup
                         ? complaint(captured.errors)
                         : fmt::format("{}: the process ended before it could tell its story; try "
                                       "--sanitizer address",
                                       file));
  }
  run.errors = std::move(captured.errors);
  return run;
}

}  // namespace anyctx::triage
