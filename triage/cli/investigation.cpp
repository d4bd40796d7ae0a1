#include "triage/cli/investigation.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "triage/cli/setup_error.h"
#include "triage/signature/process_report.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr int kTimeout = 5;  // seconds; the engine waited longer already

/// The beginning of a sanitizer's report: what happened, and the stack it happened on.
std::string beginning(const std::string& report) {
  constexpr unsigned kMostLines = 16;
  std::istringstream in(report);
  std::string line;
  std::string text;
  bool begun = false;
  for (unsigned lines = 0; lines < kMostLines && std::getline(in, line);) {
    begun = begun || is_headline(line);
    if (!begun) continue;
    if (line.empty()) break;
    text += line + "\n";
    ++lines;
  }
  return text;
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write(const std::string& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  if (!out) throw SetupError(fmt::format("cannot write {}; make room or choose --out", path));
}

/// The text of a program without its comments at the beginning.
std::string program_of(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '#')
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return text.substr(at);
}

/// As short as it can be typed here.
std::string shown(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.string().starts_with("..") ? path.string() : relative.string();
}

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
    throw SetupError(fmt::format("cannot replay {}: {}", file, captured.errors));
  return {true, signature_of_output(captured.errors), beginning(captured.errors)};
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
    throw SetupError(fmt::format("cannot convert {}: {}", artifact, captured.errors));
}

std::string Investigation::replay_line(const std::string& file, const Sight& seen) const {
  const bool plain = seen.signature.kind == "timeout" ||  // takes too long to try
                     (seen.bug && replay({}, file).signature.key == seen.signature.key);
  return plain ? fmt::format("./anyctx replay {}", shown(file))
               : fmt::format("./anyctx replay --sanitizer {} {}", sanitizer_, shown(file));
}

Finding Investigation::examine(const std::string& artifact, const std::string& report) const {
  const std::string draft = findings_ / fmt::format(".{}.txt", target_);
  fs::remove(draft);
  const Sight seen = replay(sanitizer_, artifact, draft);
  Finding finding;
  finding.signature = seen.bug ? seen.signature : signature_of_output(report);
  finding.story =
      seen.bug ? seen.story : beginning(report) + "  A new process does not show it again.\n";
  write_down(artifact, draft, seen);
  const std::string program = program_of(read(draft));
  finding.name = fmt::format("{}-{}", finding.signature.kind, short_hash(program));
  finding.file = findings_ / (finding.name + ".txt");
  write(finding.file, fmt::format("# {}\n{}", finding.signature.headline, program));
  fs::remove(draft);
  finding.replay = replay_line(finding.file, seen);
  finding.file = shown(finding.file);
  return finding;
}

}  // namespace anyctx::triage
