// The triage report as JUnit XML.
#include <fmt/format.h>

#include <map>

#include "triage/report/triage_report.h"

namespace anyctx::triage {
namespace {

/// As text or attribute of XML; control characters, which it has no form for, become "?".
std::string xml(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      result += '?';
    else
      result += c;
  }
  return result;
}

std::string failed_case(const Bug& bug) {
  return fmt::format(
      "    <testcase classname=\"anyctx.{}\" name=\"{}\">\n"
      "      <failure type=\"{}\" message=\"{}\">{}\n{}\n{}</failure>\n    </testcase>\n",
      xml(bug.target), xml(bug.name), xml(bug.signature.kind), xml(bug.signature.headline),
      xml(bug.replay), xml(bug.program), xml(bug.told.empty() ? bug.output : bug.told));
}

}  // namespace

std::string to_junit(const TriageReport& report) {
  std::map<std::string, std::string> cases;
  std::map<std::string, std::size_t> failures;
  for (const Bug& bug : report.bugs) {
    cases[bug.target] += failed_case(bug);
    ++failures[bug.target];
  }
  std::string suites;
  for (const auto& [target, text] : cases) {
    suites += fmt::format(
        "  <testsuite name=\"anyctx.{}\" tests=\"{}\" failures=\"{}\" skipped=\"0\">\n{}"
        "  </testsuite>\n",
        xml(target), failures[target], failures[target], text);
  }
  std::string files;
  for (const std::string& name : report.harmless)
    files += fmt::format("    <testcase classname=\"anyctx.inputs\" name=\"{}\"/>\n", xml(name));
  for (const Skipped& file : report.skipped) {
    files += fmt::format(
        "    <testcase classname=\"anyctx.inputs\" name=\"{}\">\n"
        "      <skipped message=\"{}\"/>\n    </testcase>\n",
        xml(file.name), xml(file.why));
  }
  const std::size_t others = report.harmless.size() + report.skipped.size();
  if (!files.empty()) {
    suites += fmt::format(
        "  <testsuite name=\"anyctx.inputs\" tests=\"{}\" failures=\"0\" skipped=\"{}\">\n{}"
        "  </testsuite>\n",
        others, report.skipped.size(), files);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"anyctx triage\" tests=\"{}\" failures=\"{}\" time=\"{:.3f}\">\n{}"
      "</testsuites>\n",
      report.bugs.size() + others, report.bugs.size(), report.seconds, suites);
}

}  // namespace anyctx::triage
