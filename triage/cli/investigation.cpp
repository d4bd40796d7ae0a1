#include "triage/cli/investigation.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "triage/cli/files.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr int kTimeout = 5;  // seconds; the engine waited longer already

}  // namespace

Investigation::Sight Investigation::replay(const std::string& sanitizer, const std::string& file,
                                           const std::string& record) const {
  Command command = installation_.runner(sanitizer);
  command.with("replay").with("--json").with("--raw").with(target_);
  command.with("--timeout").with(std::to_string(kTimeout));
  if (!record.empty()) command.with("--record").with(record);
  const Captured captured = capture(command.with(file));
  const auto json = nlohmann::json::parse(captured.output, nullptr, false);
  if (json.is_object()) {
    const auto& replayed = json.at("files").at(0);
    if (replayed.at("verdict").is_null()) return {};
    return {true, signature_of_verdict(replayed.at("verdict")), replayed.at("story")};
  }
  if (captured.exit.code == kExitTimeout)
    return {true, signature_of_timeout(),
            fmt::format("anyctx: {}\n", signature_of_timeout().headline)};
  if (captured.exit.code == kExitSetup)
    throw SetupError(fmt::format("cannot replay {}: {}", file, complaint(captured.errors)));
  return {true, signature_of_output(captured.errors), beginning_of_report(captured.errors)};
}

/// Prefers the program with every decision written out; where that does not show the same, for
/// example because the process ended before it could be recorded, the input as it is.
void Investigation::write_down(const std::string& artifact, const std::string& file,
                               const Sight& seen) const {
  if (fs::exists(file) && replay(sanitizer_, file).signature.key == seen.signature.key) return;
  Command convert = installation_.runner().with("convert");
  convert.with("--raw").with(target_).with("--to").with("text").with("-o").with(file);
  const Captured captured = capture(convert.with(artifact));
  if (captured.exit.code != 0)
    throw SetupError(fmt::format("cannot convert {}: {}", artifact, complaint(captured.errors)));
}

std::string Investigation::replay_line(const std::string& file, const Sight& seen) const {
  const bool plain = seen.signature.kind == "timeout" ||  // takes too long to try
                     (seen.bug && replay({}, file).signature.key == seen.signature.key);
  return installation_.replay_command(plain ? std::string() : sanitizer_) + " " + shown(file);
}

Finding Investigation::examine(const std::string& artifact, const std::string& report) const {
  const std::string draft = findings_ / fmt::format(".{}.txt", target_);
  fs::remove(draft);
  const Sight seen = replay(sanitizer_, artifact, draft);
  Finding finding;
  finding.signature = seen.bug ? seen.signature : signature_of_output(report);
  finding.story = seen.bug
                      ? seen.story
                      : beginning_of_report(report) + "  A new process does not show it again.\n";
  write_down(artifact, draft, seen);
  const std::string program = without_comments(read_file(draft));
  finding.name = fmt::format("{}-{}", finding.signature.kind, short_hash(program));
  finding.file = findings_ / (finding.name + ".txt");
  write_file(finding.file, fmt::format("# {}\n{}", finding.signature.headline, program));
  fs::remove(draft);
  finding.replay = replay_line(finding.file, seen);
  finding.file = shown(finding.file);
  return finding;
}

}  // namespace anyctx::triage
