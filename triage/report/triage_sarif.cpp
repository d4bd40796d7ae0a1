// The triage report as SARIF 2.1.0.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "triage/report/triage_report.h"
#include "triage/signature/bug_class.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

constexpr std::size_t kMostSteps = 1000;  // of a result that GitHub shows

/// The line of an operation, "task0.2", in the text of a program; 1 if it is not there.
unsigned line_of(const std::string& program, std::string_view where) {
  const std::size_t dot = where.find('.');
  if (dot == where.npos) return 1;
  const std::string_view lane = where.substr(0, std::min(where.find('/'), dot));
  const auto begin = program.find(fmt::format("\n{}:", lane));
  if (begin == std::string::npos) return 1;
  const auto lines = std::count(program.begin(), program.begin() + static_cast<long>(begin), '\n');
  const unsigned op = static_cast<unsigned>(std::stoul(std::string(where.substr(dot + 1))));
  return static_cast<unsigned>(lines) + 2 + op;
}

json location(const Bug& bug, std::string_view where, const std::string& message) {
  json result = {{"physicalLocation",
                  {{"artifactLocation", {{"uri", bug.file}}},
                   {"region", {{"startLine", line_of(bug.program, where)}}}}}};
  if (!message.empty()) result["message"] = {{"text", message}};
  return result;
}

/// One flow per vCPU; the order of execution says how they interleave.
json code_flows(const Bug& bug) {
  if (bug.story.is_null()) return json::array();
  std::map<unsigned, json> flows;
  std::size_t told = 0;
  for (const json& step : bug.story.at("steps")) {
    if (!step.contains("n") || ++told > kMostSteps) continue;
    const bool decision = step.at("kind") == "decision";
    flows[step.at("cpu")].push_back(
        {{"location", location(bug, step.at("where").get<std::string>(), step.at("text"))},
         {"executionOrder", step.at("n")},
         {"nestingLevel", std::max(step.at("depth").get<unsigned>(), 1u) - 1},
         {"importance", decision ? "essential" : "important"},
         {"kinds", {step.at("context")}}});
  }
  json threads = json::array();
  for (auto& [cpu, steps] : flows) {
    threads.push_back({{"id", fmt::format("vCPU {}", cpu)}, {"locations", std::move(steps)}});
  }
  if (threads.empty()) return json::array();
  return json::array({{{"message", {{"text", "the interleaving, a thread flow per vCPU"}}},
                       {"threadFlows", std::move(threads)}}});
}

std::string message_of(const Bug& bug) {
  std::string text = bug.signature.headline + ".";
  if (!bug.story.is_null() && !bug.story.at("verdict").is_null()) {
    const json& verdict = bug.story.at("verdict");
    text += fmt::format(" Expected: {}. Found: {}.", verdict.at("expected").get<std::string>(),
                        verdict.at("found").get<std::string>());
  }
  return text + fmt::format(" Replay: {}", bug.replay);
}

std::string where_of(const Bug& bug) {
  if (bug.story.is_null() || bug.story.at("verdict").is_null()) return {};
  return bug.story.at("verdict").at("where");
}

json result_of(const Bug& bug, std::size_t rule) {
  json result = {
      {"ruleId", "anyctx/" + bug.signature.kind},
      {"ruleIndex", rule},
      {"level", "error"},
      {"message", {{"text", message_of(bug)}}},
      {"locations", json::array({location(bug, where_of(bug), "")})},
      {"partialFingerprints", {{"anyctxSignature/v1", short_hash(bug.target + bug.signature.key)}}},
      {"occurrenceCount", bug.inputs.size()},
      {"baselineState", bug.is_new ? "new" : "unchanged"},
      {"properties",
       {{"target", bug.target},
        {"class", bug.signature.bug_class},
        {"signature", bug.signature.key},
        {"signatures", keys_of(bug)},
        {"replays", bug.replays},
        {"same", bug.same}}}};
  json flows = code_flows(bug);
  if (!flows.empty()) result["codeFlows"] = std::move(flows);
  return result;
}

json rule_of(const Bug& bug) {
  return {{"id", "anyctx/" + bug.signature.kind},
          {"shortDescription", {{"text", bug.signature.kind}}},
          {"fullDescription", {{"text", std::string(describe_class(bug.signature.bug_class))}}},
          {"defaultConfiguration", {{"level", "error"}}},
          {"properties", {{"tags", {bug.signature.bug_class}}}}};
}

}  // namespace

json to_sarif(const TriageReport& report) {
  json rules = json::array();
  json results = json::array();
  std::map<std::string, std::size_t> known;
  for (const Bug& bug : report.bugs) {
    const auto [rule, fresh] = known.emplace(bug.signature.kind, rules.size());
    if (fresh) rules.push_back(rule_of(bug));
    results.push_back(result_of(bug, rule->second));
  }
  json notes = json::array();
  for (const Skipped& file : report.skipped) {
    notes.push_back({{"level", "warning"},
                     {"message", {{"text", fmt::format("{}: {}", file.name, file.why)}}}});
  }
  return {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       json::array(
           {{{"tool",
              {{"driver",
                {{"name", "anyctx"}, {"semanticVersion", "0.1.0"}, {"rules", std::move(rules)}}}}},
             {"columnKind", "utf16CodeUnits"},
             {"invocations", json::array({{{"executionSuccessful", !report.interrupted},
                                           {"toolExecutionNotifications", std::move(notes)}}})},
             {"results", std::move(results)}}})}};
}

}  // namespace anyctx::triage
