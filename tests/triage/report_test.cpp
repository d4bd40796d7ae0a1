// The triage report in all its forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

#include "triage/report/likeness.h"
#include "triage/report/triage_report.h"
#include "triage/story/trace_events.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

json step(unsigned n, unsigned cpu, unsigned depth, const char* kind, const char* where,
          const char* text) {
  return {{"n", n},         {"cpu", cpu},
          {"depth", depth}, {"context", depth > 1 ? "nmi" : "task"},
          {"kind", kind},   {"text", text},
          {"where", where}, {"lane", depth > 1 ? "nmi0" : "task0"},
          {"value", 0},     {"point", "a.lock.lock"},
          {"occurrence", 1}};
}

Bug bug(const char* kind, const char* bug_class, std::vector<std::string> inputs) {
  Bug bug;
  bug.signature = {kind, std::string(kind) + ": a rule",
                   "VERDICT <" + std::string(kind) + ">: a & b", bug_class};
  bug.target = "slab";
  bug.name = std::string(kind) + "-1";
  bug.inputs = std::move(inputs);
  bug.replays = bug.same = 3;
  bug.before = "9 ops, 4 decisions";
  bug.after = "2 ops, 1 decision";
  bug.program = "anyctx 1 target=slab\ntask0: a = kmalloc(8)\n       kfree(a)\nnmi0:  kfree(a)\n";
  bug.file = "findings/" + bug.name + ".txt";
  bug.replay = "./anyctx replay " + bug.file;
  bug.story = {{"target", "slab"},
               {"program", bug.program},
               {"meaning", "it is so"},
               {"cpus", 2},
               {"verdict",
                {{"kind", kind},
                 {"rule", "a rule"},
                 {"expected", "<none>"},
                 {"found", "one & two"},
                 {"where", "nmi0.0"},
                 {"operation", "kfree"},
                 {"cpu", 1},
                 {"context", "nmi"},
                 {"point", "a.lock.lock"}}},
               {"steps",
                {step(1, 0, 1, "begin", "task0.0", "task0.0: a = kmalloc(8)"),
                 step(2, 1, 2, "decision", "task0.1", "! at x#1: nmi0"),
                 step(3, 1, 2, "begin", "nmi0.0", "nmi0.0: kfree(a)")}}};
  return bug;
}

TriageReport report() {
  TriageReport report;
  report.folder = "pile";
  report.inputs = 5;
  report.bugs = {bug("conservation", "lost-capacity", {"a", "b"}),
                 bug("overlap", "double-hand-out", {"c"})};
  report.bugs[1].is_new = false;
  report.harmless = {"calm"};
  report.skipped = {{"junk<1>", "no \"program\""}};
  rank(report.bugs);
  return report;
}

TEST(TriageReport, TheWorstClassComesFirst) {
  EXPECT_EQ(report().bugs[0].signature.kind, "overlap");
  std::vector<Bug> bugs = {bug("overlap", "double-hand-out", {"a"}),
                           bug("overlap", "double-hand-out", {"a", "b"}),
                           bug("overlap", "double-hand-out", {"a", "b", "c"})};
  bugs[2].same = 1;
  rank(bugs);
  EXPECT_EQ(bugs[0].inputs.size(), 2u);
  EXPECT_EQ(bugs[2].same, 1u);  // what does not come back reliably is last
}

TEST(TriageReport, ExitCode) {
  EXPECT_EQ(exit_code(report()), 77);
  EXPECT_EQ(exit_code(TriageReport()), 0);
  TriageReport hangs;
  hangs.bugs = {bug("timeout", "unbounded-steps", {"a"})};
  EXPECT_EQ(exit_code(hangs), 70);
}

TEST(TriageReport, TextSaysEverything) {
  const std::string text = to_text(report());
  EXPECT_THAT(text,
              HasSubstr("5 inputs (0 new, 0 the same as another one), 2 bugs, 1 new, 0 most"));
  EXPECT_THAT(text, HasSubstr("1. VERDICT <overlap>: a & b\n   target slab, class double-hand-out, "
                              "1 input, 3/3 replays the same"));
  EXPECT_THAT(text, HasSubstr("2. VERDICT <conservation>: a & b  [new]"));
  EXPECT_THAT(text, HasSubstr("skipped junk<1>: no \"program\""));
}

TEST(Likeness, ABiggerProgramDoesAllOfASmallerOne) {
  const std::string small =
      "anyctx 1 target=a\ntask0: a = get(1)\nat task0.0 x.lock.trylock#1: fail\n";
  const std::string big =
      "anyctx 1 target=b cpus=2\ntask0: c = get(9, zero)\n       put(c)\nnmi1:  b = get(7)\n"
      "at task0.1 x.lock.trylock#3: fail sticky\nat task0.0 op.begin#1: nmi1\n";
  EXPECT_TRUE(does_all_of(big, small));
  EXPECT_TRUE(does_all_of(small, small));
  EXPECT_FALSE(does_all_of(small, big));
  EXPECT_FALSE(does_all_of(big, "anyctx 1 target=a\ntask0: put(a)\n       put(b)\n"));
  EXPECT_FALSE(does_all_of(big, "anyctx 1 target=a\ntask0:\nat task0.0 x.lock.lock#1: nmi0\n"));
}

TEST(TriageReport, HtmlIsEscapedAndItsNamesAreUnique) {
  const std::string html = to_html(report());
  EXPECT_THAT(html, HasSubstr("&lt;overlap&gt;: a &amp; b"));
  EXPECT_THAT(html, HasSubstr("junk&lt;1&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<overlap>")));
  std::set<std::string> names;
  const std::regex name("id=\"([^\"]*)\"");
  for (auto at = std::sregex_iterator(html.begin(), html.end(), name); at != std::sregex_iterator();
       ++at) {
    EXPECT_TRUE(names.insert((*at)[1]).second) << (*at)[1];
  }
  EXPECT_EQ(names.size(), 8u);  // two bugs with three steps each
}

TEST(TriageReport, JUnitIsEscaped) {
  const std::string xml = to_junit(report());
  EXPECT_THAT(xml, HasSubstr("<testsuites name=\"anyctx triage\" tests=\"4\" failures=\"2\""));
  EXPECT_THAT(xml, HasSubstr("message=\"VERDICT &lt;overlap&gt;: a &amp; b\""));
  EXPECT_THAT(xml, HasSubstr("name=\"junk&lt;1&gt;\">\n      <skipped message=\"no "
                             "&quot;program&quot;\"/>"));
}

/// The part of the SARIF 2.1.0 schema that the report uses: what may be in an object, and what
/// must (marked "!"). Reports were checked against the whole schema when this was written.
const std::map<std::string, std::set<std::string>> kSchema = {
    {"", {"$schema", "!version", "!runs"}},
    {"runs", {"!tool", "invocations", "columnKind", "results"}},
    {"tool", {"!driver"}},
    {"driver", {"!name", "semanticVersion", "rules"}},
    {"rules", {"!id", "shortDescription", "fullDescription", "defaultConfiguration", "properties"}},
    {"invocations", {"!executionSuccessful", "toolExecutionNotifications"}},
    {"toolExecutionNotifications", {"!message", "level"}},
    {"results",
     {"ruleId", "ruleIndex", "level", "!message", "locations", "codeFlows", "partialFingerprints",
      "occurrenceCount", "baselineState", "properties"}},
    {"codeFlows", {"message", "!threadFlows"}},
    {"threadFlows", {"id", "!locations"}},
    {"message", {"!text"}},
    {"shortDescription", {"!text"}},
    {"fullDescription", {"!text"}},
    {"defaultConfiguration", {"level"}},
    {"location", {"physicalLocation", "message"}},
    {"physicalLocation", {"!artifactLocation", "region"}},
    {"artifactLocation", {"!uri"}},
    {"region", {"!startLine"}},
};
const std::set<std::string> kThreadFlowLocation = {"!location", "executionOrder", "nestingLevel",
                                                   "importance", "kinds"};

void expect_valid(const json& value, const std::string& name, bool in_flow) {
  if (value.is_array()) {
    EXPECT_FALSE(value.empty() && (name == "threadFlows" || name == "locations")) << name;
    for (const json& item : value) expect_valid(item, name, in_flow);
    return;
  }
  if (!value.is_object() || name == "properties" || name == "partialFingerprints") return;
  const std::string known = name == "locations" && !in_flow ? "location" : name;
  ASSERT_TRUE(kSchema.contains(known) || name == "locations") << name;
  const auto& schema = name == "locations" && in_flow ? kThreadFlowLocation : kSchema.at(known);
  for (const auto& [key, inner] : value.items()) {
    EXPECT_TRUE(schema.contains(key) || schema.contains("!" + key)) << name << ": " << key;
    expect_valid(inner, key, in_flow || name == "threadFlows");
  }
  for (const std::string& key : schema) {
    if (key[0] == '!') EXPECT_TRUE(value.contains(key.substr(1))) << name << ": " << key;
  }
}

TEST(TriageReport, SarifFollowsTheSchema) {
  const json sarif = to_sarif(report());
  expect_valid(sarif, "", false);
  const json& run = sarif["runs"][0];
  EXPECT_EQ(sarif["version"], "2.1.0");
  for (const json& result : run["results"]) {
    EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<std::size_t>()]["id"],
              result["ruleId"]);
    EXPECT_GE(result["occurrenceCount"], 1);
  }
  EXPECT_EQ(run["results"][0]["baselineState"], "unchanged");
  EXPECT_EQ(run["results"][1]["baselineState"], "new");
}

TEST(TriageReport, SarifTellsTheInterleaving) {
  const json sarif = to_sarif(report());
  const json& result = sarif["runs"][0]["results"][0];
  const json& flows = result["codeFlows"][0]["threadFlows"];
  ASSERT_EQ(flows.size(), 2u);
  EXPECT_EQ(flows[1]["id"], "vCPU 1");
  const json& decision = flows[1]["locations"][0];
  EXPECT_EQ(decision["executionOrder"], 2);
  EXPECT_EQ(decision["importance"], "essential");
  EXPECT_EQ(decision["nestingLevel"], 1);
  const auto line = [](const json& location) {
    return location["physicalLocation"]["region"]["startLine"].get<int>();
  };
  EXPECT_EQ(line(flows[0]["locations"][0]["location"]), 2);  // task0.0
  EXPECT_EQ(line(decision["location"]), 3);                  // task0.1
  EXPECT_EQ(line(result["locations"][0]), 4);                // nmi0.0, the faulty step
}

TEST(TraceEvents, LocksHaveOwners) {
  json story = bug("overlap", "double-hand-out", {"a"}).story;
  json taken = step(4, 1, 2, "lock", "nmi0.0", "");
  json released = step(5, 1, 2, "unlock", "nmi0.0", "");
  released["point"] = "a.lock.unlock";
  story["steps"].push_back(taken);
  story["steps"].push_back(released);
  const json events = trace_events(story)["traceEvents"];
  const auto held = std::find_if(events.begin(), events.end(), [](const json& event) {
    return event["name"] == "held by nmi0 on vCPU 1";
  });
  ASSERT_NE(held, events.end());
  EXPECT_EQ((*held)["pid"], 1000);
  EXPECT_EQ((*held)["dur"], 1);
}

TEST(TriageReport, FacesOfOneBugAreOne) {
  std::vector<Bug> bugs{bug("overlap", "double-hand-out", {"x", "y"}),
                        bug("conservation", "lost-capacity", {"z"}),
                        bug("poison", "corruption", {"v"})};
  bugs[0].program += "at task0.0 a.lock.lock#1: nmi0\n";
  bugs[1].is_new = false;
  merge_faces(bugs, {{"conservation: a rule", "overlap: a rule"}, {"poison: a rule"}});
  ASSERT_EQ(bugs.size(), 2u);
  const Bug& merged = bugs[0];
  EXPECT_EQ(merged.signature.kind, "conservation");  // its program is the smaller one
  EXPECT_EQ(merged.inputs, (std::vector<std::string>{"z", "x", "y"}));
  EXPECT_EQ(merged.replays, 6u);
  EXPECT_FALSE(merged.is_new);  // a face of it is known
  EXPECT_EQ(keys_of(merged), (std::vector<std::string>{"conservation: a rule", "overlap: a rule"}));
  TriageReport report;
  report.bugs = bugs;
  EXPECT_THAT(to_text(report), HasSubstr("seen also as VERDICT <overlap>: a & b (2 inputs, "));
  EXPECT_THAT(to_html(report), HasSubstr("The same bug is seen also as"));
  EXPECT_EQ(to_json(report)["bugs"][0]["faces"][0]["inputs"], 2);
}

}  // namespace
}  // namespace anyctx::triage
