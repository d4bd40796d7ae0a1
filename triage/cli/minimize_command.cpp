#include "triage/cli/minimize_command.h"

#include <fmt/format.h>

#include <memory>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/minimization.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

/// A build that shows a bug, and which.
struct Shown {
  std::unique_ptr<Judge> judge;
  Sight sight;
};

/// The build that was asked for; else the plain one, which is fast, unless another one sees more.
Shown find_bug(const Installation& installation, const MinimizeOptions& options,
               const std::string& text) {
  const std::chrono::milliseconds timeout = parse_duration(options.timeout);
  std::vector<std::string> sanitizers{options.sanitizer};
  if (options.sanitizer.empty() && installation.has_runner("address"))
    sanitizers.push_back("address");
  Shown best;
  for (const std::string& sanitizer : sanitizers) {
    Shown shown{std::make_unique<Judge>(installation, sanitizer, "", timeout), {}};
    shown.sight = shown.judge->look(text);
    if (!shown.sight.error.empty()) throw SetupError(shown.sight.error);
    const bool more = shown.sight.bug && (!best.sight.bug || best.sight.signature.kind == "crash");
    if (!best.judge || more) best = std::move(shown);
    if (best.sight.bug && best.sight.signature.kind != "crash") break;
  }
  if (!best.sight.bug)
    throw SetupError(fmt::format(
        "{} shows no bug: there is nothing to keep; {}", options.file,
        options.sanitizer.empty() ? "try --sanitizer thread or undefined, if one of them found it"
                                  : "is it the build that found it?"));
  return best;
}

std::string replay_line(const Judge& judge, const fs::path& file) {
  return judge.replay_command() + " " + shown(file);
}

void print_text(const Minimized& result, const Judge& judge, const MinimizeOptions& options) {
  fmt::print("{}\n{}", result.sight.signature.headline, result.program);
  fmt::print("minimized {}: {} -> {}, {} runs in {:.1f} s{}\n", shown(options.file),
             to_string(result.before), to_string(result.after), result.runs, result.seconds,
             result.complete ? "" : "; more time may make it smaller (--time)");
  fmt::print("replay    {}\n", replay_line(judge, options.output));
}

nlohmann::json to_json(const Size& size) {
  return {{"ops", size.ops}, {"decisions", size.decisions}, {"walk", size.walk}};
}

void print_json(const Minimized& result, const Judge& judge, const MinimizeOptions& options) {
  const nlohmann::json json = {{"command", "minimize"},
                               {"file", options.file},
                               {"output", options.output},
                               {"key", result.sight.signature.key},
                               {"class", result.sight.signature.bug_class},
                               {"before", to_json(result.before)},
                               {"after", to_json(result.after)},
                               {"runs", result.runs},
                               {"seconds", result.seconds},
                               {"complete", result.complete},
                               {"program", result.program},
                               {"replay", replay_line(judge, options.output)}};
  fmt::print("{}\n", json.dump());
}

}  // namespace

int minimize(const Installation& installation, const MinimizeOptions& options) {
  const std::chrono::seconds time = parse_duration(options.time);
  const std::string text =
      without_comments(text_of_file(installation, options.file, options.target));
  const Shown shown = find_bug(installation, options, text);
  count_interrupts();
  Minimization minimization(installation, *shown.judge, time);
  const Minimized result = minimization.run(text, shown.sight);
  write_file(options.output, with_finding(result.sight, result.program));
  if (options.json)
    print_json(result, *shown.judge, options);
  else
    print_text(result, *shown.judge, options);
  return kExitClean;
}

}  // namespace anyctx::triage
