#include "triage/cli/program_text.h"

#include <fmt/format.h>

#include <sstream>

#include "triage/cli/setup_error.h"
#include "triage/signature/process_report.h"

namespace anyctx::triage {

std::string text_of_file(const Installation& installation, const std::string& file,
                         const std::string& raw_target) {
  Command convert = installation.runner().with("convert").with("--to").with("text");
  if (!raw_target.empty()) convert.with("--raw").with(raw_target);
  Captured captured = capture(convert.with("--").with(file));
  if (captured.exit.code == 0 && captured.exit.signal == 0) return std::move(captured.output);
  throw SetupError(complaint(captured.errors));
}

std::string without_comments(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '#')
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return text.substr(at);
}

std::string with_finding(const Sight& sight, const std::string& program) {
  std::string text = fmt::format("# {}\n", sight.signature.headline);
  if (!sight.verdict.is_null())
    text += fmt::format("#   expected  {}\n#   found     {}\n",
                        sight.verdict.at("expected").get<std::string>(),
                        sight.verdict.at("found").get<std::string>());
  return text + program;
}

std::string beginning_of_report(const std::string& report) {
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

}  // namespace anyctx::triage
