#include "triage/cli/minimize_command.h"

#include <fmt/format.h>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/minimization.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/shown_bug.h"

namespace anyctx::triage {
namespace {

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
  const ShownBug shown = find_bug(installation, options.sanitizer, parse_duration(options.timeout),
                                  options.file, text);
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
