#include "triage/report/triage_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/report/exit_code.h"
#include "triage/report/quantity.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

/// The worst first: memory that two have, then what stops a machine, then what wears it out.
constexpr std::array<std::string_view, 20> kBySeverity = {"double-hand-out",
                                                          "use-after-free",
                                                          "grace-period",
                                                          "stale-translation",
                                                          "out-of-bounds",
                                                          "corruption",
                                                          "misuse",
                                                          "self-deadlock",
                                                          "deadlock",
                                                          "unbounded-steps",
                                                          "forbidden-action",
                                                          "context-state",
                                                          "data-race",
                                                          "undefined-behaviour",
                                                          "crash",
                                                          "failed-call-changed-state",
                                                          "lost-capacity",
                                                          "accounting",
                                                          "out-of-memory",
                                                          "wrong-result"};

std::size_t severity(const Bug& bug) {
  const auto place = std::find(kBySeverity.begin(), kBySeverity.end(), bug.signature.bug_class);
  return static_cast<std::size_t>(place - kBySeverity.begin());
}

std::string bug_text(std::size_t number, const Bug& bug) {
  std::string text =
      fmt::format("\n{}. {}{}\n", number, bug.signature.headline, bug.is_new ? "  [new]" : "");
  text += fmt::format("   target {}, class {}, {}, {}/{} replays the same\n", bug.target,
                      bug.signature.bug_class, count(bug.inputs.size(), "input"), bug.same,
                      bug.replays);
  text += fmt::format("   minimized {} -> {}{}\n", bug.before, bug.after,
                      bug.minimal ? "" : " (more time may make it smaller)");
  for (std::size_t at = 0; at < bug.program.size();) {
    const std::size_t end = std::min(bug.program.find('\n', at), bug.program.size());
    text += fmt::format("     {}\n", bug.program.substr(at, end - at));
    at = end + 1;
  }
  for (const Face& face : bug.faces)
    text += fmt::format("   seen also as {} ({}, {}: {})\n", face.signature.headline,
                        count(face.inputs, "input"), face.after, face.file);
  if (!bug.like.empty())
    text += fmt::format("   most likely the bug of {}, whose program is part of this one\n",
                        bug.like.front());
  return text + fmt::format("   replay    {}\n", bug.replay);
}

json to_json(const Face& face) {
  return {{"key", face.signature.key},
          {"kind", face.signature.kind},
          {"headline", face.signature.headline},
          {"target", face.target},
          {"program", face.program},
          {"smallest", face.smallest},
          {"before", face.before},
          {"after", face.after},
          {"minimal", face.minimal},
          {"file", face.file},
          {"inputs", face.inputs}};
}

json to_json(const Bug& bug) {
  json faces = json::array();
  for (const Face& face : bug.faces) faces.push_back(to_json(face));
  return {{"name", bug.name},           {"target", bug.target},
          {"kind", bug.signature.kind}, {"class", bug.signature.bug_class},
          {"key", bug.signature.key},   {"headline", bug.signature.headline},
          {"inputs", bug.inputs},       {"replays", bug.replays},
          {"same", bug.same},           {"new", bug.is_new},
          {"before", bug.before},       {"after", bug.after},
          {"minimal", bug.minimal},     {"program", bug.program},
          {"smallest", bug.smallest},   {"faces", std::move(faces)},
          {"file", bug.file},           {"replay", bug.replay},
          {"like", bug.like},           {"output", bug.output},
          {"story", bug.story}};
}

}  // namespace

void rank(std::vector<Bug>& bugs) {
  std::sort(bugs.begin(), bugs.end(), [](const Bug& left, const Bug& right) {
    const auto key = [](const Bug& bug) {
      const double rate = bug.replays == 0 ? 0 : static_cast<double>(bug.same) / bug.replays;
      return std::tuple(severity(bug), -rate, -static_cast<double>(bug.inputs.size()));
    };
    return std::tuple(key(left), std::tie(left.target, left.signature.key)) <
           std::tuple(key(right), std::tie(right.target, right.signature.key));
  });
}

int exit_code(const TriageReport& report) {
  if (report.bugs.empty()) return kExitClean;
  const bool only_timeouts = std::all_of(report.bugs.begin(), report.bugs.end(), [](const Bug& b) {
    return b.signature.kind == "timeout";
  });
  return only_timeouts ? kExitTimeout : kExitBug;
}

std::string to_text(const TriageReport& report) {
  const auto fresh = std::count_if(report.bugs.begin(), report.bugs.end(),
                                   [](const Bug& bug) { return bug.is_new; });
  const auto alike = std::count_if(report.bugs.begin(), report.bugs.end(),
                                   [](const Bug& bug) { return !bug.like.empty(); });
  std::string text = fmt::format(
      "{}: {} ({} new, {} the same as another one), {}, {} new, {} most likely another "
      "one's; {:.1f} s{}\n",
      report.folder, count(report.inputs, "input"), report.new_inputs, report.duplicates,
      count(report.bugs.size(), "bug"), fresh, alike, report.seconds,
      report.interrupted ? ", interrupted" : "");
  for (std::size_t i = 0; i < report.bugs.size(); ++i) text += bug_text(i + 1, report.bugs[i]);
  if (!report.harmless.empty())
    text += fmt::format("\n{} no bug: {}{}\n",
                        report.harmless.size() == 1
                            ? "1 input shows"
                            : fmt::format("{} inputs show", report.harmless.size()),
                        report.harmless.front(), report.harmless.size() > 1 ? ", ..." : "");
  for (const std::string& key : report.gone)
    text += fmt::format("\nno input shows any more: {}\n", key);
  if (!report.skipped.empty()) text += "\n";
  for (const Skipped& skipped : report.skipped)
    text += fmt::format("skipped {}: {}\n", skipped.name, skipped.why);
  return text;
}

json to_json(const TriageReport& report) {
  json bugs = json::array();
  for (const Bug& bug : report.bugs) bugs.push_back(to_json(bug));
  json skipped = json::array();
  for (const Skipped& file : report.skipped)
    skipped.push_back({{"name", file.name}, {"why", file.why}});
  return {{"command", "triage"},
          {"version", 1},
          {"folder", report.folder},
          {"sanitizer", report.sanitizer},
          {"seconds", report.seconds},
          {"inputs", report.inputs},
          {"duplicates", report.duplicates},
          {"new_inputs", report.new_inputs},
          {"interrupted", report.interrupted},
          {"bugs", std::move(bugs)},
          {"harmless", report.harmless},
          {"skipped", std::move(skipped)},
          {"hashes", report.hashes},
          {"gone", report.gone},
          {"exit", exit_code(report)}};
}

}  // namespace anyctx::triage
