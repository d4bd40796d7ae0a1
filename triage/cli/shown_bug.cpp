#include "triage/cli/shown_bug.h"

#include <fmt/format.h>

#include <vector>

#include "triage/cli/files.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {

ShownBug find_bug(const Installation& installation, const std::string& sanitizer,
                  std::chrono::milliseconds timeout, const std::string& file,
                  const std::string& text) {
  std::vector<std::string> sanitizers{sanitizer};
  if (sanitizer.empty() && installation.has_runner("address")) sanitizers.push_back("address");
  ShownBug best;
  for (const std::string& build : sanitizers) {
    ShownBug shown{std::make_unique<Judge>(installation, build, "", timeout), {}};
    shown.sight = shown.judge->look(text);
    if (!shown.sight.error.empty()) throw SetupError(shown.sight.error);
    const bool more = shown.sight.bug && (!best.sight.bug || best.sight.signature.kind == "crash");
    if (!best.judge || more) best = std::move(shown);
    if (best.sight.bug && best.sight.signature.kind != "crash") break;
  }
  if (!best.sight.bug)
    throw SetupError(fmt::format(
        "{} shows no bug: there is nothing to keep; {}", file,
        sanitizer.empty() ? "try --sanitizer thread or undefined, if one of them found it"
                          : "is it the build that found it?"));
  return best;
}

std::string replay_line(const Judge& judge, const std::string& file) {
  return replay_command(judge.sanitizer()) + " " + shown(file);
}

}  // namespace anyctx::triage
