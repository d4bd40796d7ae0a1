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
    constexpr std::string_view ours = "anyctx: ";
    std::string line = captured.errors.substr(0, captured.errors.find('\n'));
    if (line.starts_with(ours)) line.erase(0, ours.size());
    throw SetupError(captured.exit.code == kExitSetup
                         ? line
                         : fmt::format("{}: the process ended before it could tell its story; try "
                                       "--sanitizer address",
                                       file));
  }
  run.errors = std::move(captured.errors);
  return run;
}

}  // namespace anyctx::triage
