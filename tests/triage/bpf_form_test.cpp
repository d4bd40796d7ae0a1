// Findings in arenas as BPF selftests. What tests/triage/exported holds was run in Linux 7.3.4: see
// docs/exporting.md.
#include <fstream>
#include <sstream>

#include "tests/triage/scenario_bed.h"

namespace anyctx::triage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint32_t kAnywhere = 1u << 20;
constexpr std::uint32_t kAnyNode = 2;

ScenarioResult done(std::int64_t value = 0) {
  return {"done", value, {}};
}

const ScenarioResult kFailed = {"failed", 0, {}};

class BpfForm : public ScenarioBed {
 protected:
  BpfForm() : ScenarioBed("arena") {
    regression_.name = "arena-test";
    regression_.headline = "VERDICT conservation: a rule";
    regression_.story = "a story */ of its own\n";
    regression_.replay = "./anyctx replay file.txt";
    scenario().params = {{"rt", 0, "no"},          {"smp", 1, "yes"},      {"cas2", 1, "yes"},
                         {"pages", 192, "192"},    {"page_size", 0, "4k"}, {"entries", 16, "16"},
                         {"extent", 0, "entries"}, {"base", 0, "zero"},    {"placed", 1, "yes"},
                         {"mapping", 0, "exact"},  {"segv", 0, "no"},      {"batch", 4, "4"},
                         {"no_objects", 0, "no"}};
    scenario().verdict = {"conservation",
                          "a slot that nobody uses can be allocated and has no page", "this",
                          "that", std::nullopt};
  }

  void set(std::string_view name, std::uint32_t value, std::string text) {
    for (NamedValue& param : scenario().params) {
      if (param.name == name) param = {param.name, value, std::move(text)};
    }
  }

  ScenarioStep& add(const std::string& operation, std::string text, const Args& args,
                    std::optional<ScenarioResult> result = done()) {
    ScenarioStep& step = call("task0." + std::to_string(scenario().steps.size()), operation, args);
    step.text = std::move(text);
    step.result = std::move(result);
    return step;
  }

  ScenarioStep& allocate(const std::string& operation, std::string slot, std::uint32_t count,
                         std::uint32_t at, std::optional<ScenarioResult> result) {
    const std::string where = at == kAnywhere ? "" : ", at=page" + std::to_string(at);
    ScenarioStep& step =
        add(operation, slot + " = " + operation + "(" + std::to_string(count) + where + ")",
            {{"count", count, {}}, {"at", at, {}}, {"flags", 0, "0"}, {"node", kAnyNode, {}}},
            std::move(result));
    step.slot = std::move(slot);
    return step;
  }

  ScenarioStep& release(const std::string& operation, std::string slot, std::uint32_t skip,
                        std::uint32_t count) {
    return add(operation, operation + "(" + slot + ")",
               {{"memory", 0, slot}, {"skip", skip, {}}, {"count", count, {}}, {"flags", 0, "0"}});
  }

  ScenarioStep& reserve(std::uint32_t page, std::uint32_t count, ScenarioResult result = done()) {
    return add("reserve_pages", "reserve_pages(page" + std::to_string(page) + ")",
               {{"page", page, {}}, {"count", count, {}}, {"flags", 0, "0"}}, std::move(result));
  }

  ScenarioStep& touch(std::uint32_t page, std::string flags, ScenarioResult result = done()) {
    return add("touch", "touch(process0, page" + std::to_string(page) + ")",
               {{"process", 0, {}}, {"page", page, {}}, {"flags", flags != "0", flags}},
               std::move(result));
  }

  void work(std::string lane) {
    ScenarioStep& step = add("", "", {});
    step.where = lane + ".0";
    step.lane = std::move(lane);
    step.result.reset();
  }

  static void fail(ScenarioStep& step, std::string point) {
    step.decisions.push_back({std::move(point), 1, "fail", step.begin + 1});
  }

  WrittenTest written() { return write(kBpfForm); }

  std::string text_of(std::size_t file) {
    const WrittenTest test = written();
    EXPECT_THAT(test.reasons, ElementsAre());
    return test.files.size() == 2 ? test.files[file].text : "";
  }
  std::string programs() { return text_of(0); }
  std::string process() { return text_of(1); }
};

std::string golden(const std::filesystem::path& place) {
  std::ifstream in(std::filesystem::path(ANYCTX_EXPORTED) / (place.string() + ".txt"));
  EXPECT_TRUE(in) << place;
  return (std::stringstream() << in.rdbuf()).str();
}

TEST_F(BpfForm, AllCallsAreWritten) {
  regression_.name = "arena-calls";
  set("base", 1, "top");
  allocate("alloc_pages", "a", 3, kAnywhere, done(0));
  allocate("alloc_pages_non_sleepable", "b", 2, 6, done(6));
  release("free_pages", "a", 1, 1);
  release("free_pages_non_sleepable", "b", 0, 0);
  work("worker0");
  reserve(3, 2);
  reserve(4, 2, {"failed", -16, "EBUSY"});
  touch(3, "write");
  touch(9, "0");
  allocate("alloc_pages", "a", 17, kAnywhere, kFailed);
  fail(allocate("alloc_pages", "a", 1, kAnywhere, kFailed), "arena.array");
  add("free_range", "free_range(page1, 2, from_end)",
      {{"page", 1, {}}, {"count", 2, {}}, {"flags", 32, "from_end"}});
  const WrittenTest test = written();
  EXPECT_THAT(test.reasons, ElementsAre());
  ASSERT_EQ(test.files.size(), 2);
  EXPECT_EQ(test.files[0].place, "progs/arena_calls.c");
  EXPECT_EQ(test.files[1].place, "prog_tests/arena_calls.c");
  for (const TestFile& file : test.files) EXPECT_EQ(file.text, golden(file.place));
}

TEST_F(BpfForm, ACallWithoutMemoryIsMadeAtTheLimit) {
  reserve(0, 1);
  fail(touch(0, "0", kFailed), "arena.page");
  fail(reserve(4, 1, {"failed", -12, "ENOMEM"}), "range_tree.split");
  const std::string starved =
      "\tif (!starve(acc, true))\n\t\treturn;\n"
      "\tif (!{})\n\t\treturn;\n"
      "\tif (!starve(acc, false))\n\t\treturn;\n";
  for (const char* call : {"touch(acc, 0, false)", "reserve(acc, 4, 1)"}) {
    std::string calls = starved;
    EXPECT_THAT(process(), HasSubstr(calls.replace(calls.find("{}"), 2, call)));
  }
}

TEST_F(BpfForm, AShorterMappingIsOne) {
  set("entries", 8, "8");
  set("placed", 0, "no");
  set("mapping", 2, "shorter");
  allocate("alloc_pages", "a", 1, kAnywhere, std::nullopt);
  EXPECT_THAT(programs(), HasSubstr("__uint(max_entries, 8);"));
  EXPECT_THAT(programs(), Not(HasSubstr("map_extra")));
  EXPECT_THAT(process(), HasSubstr("MAPPED = 4, "));
  EXPECT_THAT(process(), HasSubstr("mmap(NULL, bytes, "));
}

TEST_F(BpfForm, WhatIsNotCalledIsNotThere) {
  allocate("alloc_pages", "a", 1, kAnywhere, std::nullopt);
  EXPECT_THAT(programs(), Not(HasSubstr("free")));
  EXPECT_THAT(programs(), Not(HasSubstr("reserve")));
  for (const char* absent : {"cgroup", "release(", "reserve(", "touch(", "settle(", "raw_tp"})
    EXPECT_THAT(process(), Not(HasSubstr(absent)));
}

TEST_F(BpfForm, AProcessMayGetNoPagesOfItsOwn) {
  set("segv", 1, "yes");
  touch(2, "0", kFailed);
  EXPECT_THAT(programs(), HasSubstr("BPF_F_MMAPABLE | BPF_F_SEGV_ON_FAULT"));
  EXPECT_THAT(process(), HasSubstr("ASSERT_TRUE(allocated || !true, "));
}

TEST_F(BpfForm, AResultThatNeverWasIsNotFreed) {
  allocate("alloc_pages", "a", 1, kAnywhere, done(0));
  release("free_pages", "a", 0, 0);
  allocate("alloc_pages", "a", 1, kAnywhere, done(0));
  release("free_pages", "a", 0, 0);
  EXPECT_THAT(process(), HasSubstr("long a, a2;"));
  EXPECT_THAT(process(), HasSubstr("if (a2 != NOWHERE && "
                                   "!release(acc, acc->skel->progs.free_pages, a2, 1))"));
}

TEST_F(BpfForm, AStoryDoesNotEndAComment) {
  allocate("alloc_pages", "a", 1, kAnywhere, std::nullopt);
  EXPECT_THAT(programs(), HasSubstr(" * a story * / of its own\n"));
}

TEST_F(BpfForm, AFailureAmongOthersIsRefused) {
  fail(allocate("alloc_pages", "a", 1, 4, kFailed), "range_tree.split");
  EXPECT_THAT(written().reasons,
              ElementsAre("a failure that lack of memory alone does not bring about, "
                          "range_tree.split#1 (a = alloc_pages(1, at=page4))"));
}

TEST_F(BpfForm, WhatFailsInAnAllocatorIsOfTheCallsOnlyAllocation) {
  fail(reserve(4, 1, {"failed", -12, "ENOMEM"}), "page.watermark");
  fail(touch(8, "0", kFailed), "slab.cpu_busy");
  reserve(0, 1);
  fail(touch(0, "0", kFailed), "memcg.limit");
  EXPECT_THAT(written().reasons, ElementsAre());
}

TEST_F(BpfForm, WhatFailsInAnAllocatorMayBeOfAnyAllocation) {
  fail(allocate("alloc_pages", "a", 1, 4, kFailed), "slab.cpu_busy");
  fail(touch(8, "0", kFailed), "memcg.limit");
  fail(reserve(4, 1), "page.watermark");  // and the call did not fail
  fail(reserve(6, 1, {"failed", -16, "EBUSY"}), "rqspinlock.timeout");
  EXPECT_THAT(written().reasons,
              ElementsAre("a failure that lack of memory alone does not bring about, "
                          "slab.cpu_busy#1 (a = alloc_pages(1, at=page4))",
                          "a failure that lack of memory alone does not bring about, "
                          "memcg.limit#1 (touch(process0, page8))",
                          "a failure that lack of memory alone does not bring about, "
                          "page.watermark#1 (reserve_pages(page4))",
                          "a failure that lack of memory alone does not bring about, "
                          "rqspinlock.timeout#1 (reserve_pages(page6))"));
}

TEST_F(BpfForm, AFaultWithinARunNeedsANodeFirst) {
  fail(touch(4, "0", kFailed), "arena.page");
  EXPECT_THAT(written().reasons,
              ElementsAre("a failure that lack of memory alone does not bring about, "
                          "arena.page#1 (touch(process0, page4))"));
}

TEST_F(BpfForm, TheWorkerOfAProcessThatGoesFirstFindsNoMemory) {
  allocate("alloc_pages", "a", 2, kAnywhere, done(0));
  release("free_pages_non_sleepable", "a", 0, 1);
  work("worker0");
  fail(scenario().steps.back(), "range_tree.new");
  EXPECT_THAT(process(), HasSubstr("\tif (!starve(acc, true))\n\t\treturn;\n"
                                   "\tsettle();\n"
                                   "\tif (!starve(acc, false))\n\t\treturn;\n"
                                   "\tif (!go_first(false))\n\t\treturn;\n"));
  EXPECT_THAT(process(), HasSubstr("\tif (!go_first(true))\n\t\treturn;\n"
                                   "\tif (a != NOWHERE && !release("));
}

TEST_F(BpfForm, ADeferredFreeWithoutARecordIsRefused) {
  allocate("alloc_pages", "a", 2, kAnywhere, done(0));
  fail(release("free_pages_non_sleepable", "a", 0, 1), "arena.span");
  EXPECT_THAT(written().reasons,
              ElementsAre("a failure that lack of memory alone does not bring about, "
                          "arena.span#1 (free_pages_non_sleepable(a))"));
}

TEST_F(BpfForm, ADecisionWithinDeferredWorkIsRefused) {
  allocate("alloc_pages", "a", 2, kAnywhere, done(0));
  release("free_pages_non_sleepable", "a", 0, 1);
  work("work0");
  fail(scenario().steps.back(), "range_tree.new");
  work("worker0");
  scenario().steps.back().decisions.push_back({"arena.worker", 1, "nmi0", 1});
  EXPECT_THAT(written().reasons,
              ElementsAre("a decision within deferred work, range_tree.new: fail (work0.0)",
                          "a decision within deferred work, arena.worker: nmi0 (worker0.0)"));
}

TEST_F(BpfForm, WorkThatComesLateIsRefused) {
  allocate("alloc_pages", "a", 1, kAnywhere, done(0));
  release("free_pages_non_sleepable", "a", 0, 0);
  reserve(4, 1);
  work("worker0");
  EXPECT_THAT(written().reasons, ElementsAre("a call before deferred work (reserve_pages(page4))",
                                             "deferred work that comes late (worker0.0)"));
}

TEST_F(BpfForm, AnInterleavingIsRefused) {
  ScenarioStep& step = touch(4, "0");
  step.decisions.push_back({"kernel.memory.load", 3, "softirq0", step.begin + 1});
  ScenarioStep& handler = reserve(1, 1);
  handler.context = "softirq";
  handler.within = 0;
  EXPECT_THAT(
      written().reasons,
      ElementsAre("an interleaving at a chosen place (task0.0 kernel.memory.load#3: "
                  "softirq0)",
                  "an interrupt, NMI or re-entry at a chosen place (reserve_pages(page1))"));
}

TEST_F(BpfForm, WhatOnlyTheMachineHasIsRefused) {
  set("rt", 1, "yes");
  set("pages", 64, "64");
  set("mapping", 1, "longer");
  set("placed", 0, "no");
  touch(0, "below");
  add("mem_usage", "mem_usage()", {});
  EXPECT_THAT(written().reasons,
              ElementsAre("PREEMPT_RT (rt=yes)", "memory of so many pages (pages=64)",
                          "a mapping that is longer than the arena",
                          "flags that this form does not write: below (touch(process0, page0))",
                          "a call that this form does not write (mem_usage())"));
}

TEST_F(BpfForm, WhatNobodySeesIsRefused) {
  allocate("alloc_pages", "a", 1, kAnywhere, done(0));
  scenario().verdict->rule = "a slot keeps its page until it is freed";
  EXPECT_THAT(written().reasons,
              ElementsAre("the verdict 'conservation: a slot keeps its page until it is freed': "
                          "calls and their results do not show it"));
  scenario().verdict = {"overlap", "what is reserved stays reserved until it is freed", "", "", 0};
  EXPECT_THAT(written().reasons, ElementsAre("a page where one is reserved"));
  scenario().verdict.reset();
  EXPECT_THAT(written().reasons, ElementsAre("what only a sanitizer sees"));
}

TEST_F(BpfForm, OtherTargetsAreRefused) {
  EXPECT_EQ(kBpfForm.refusal("arena"), "");
  EXPECT_THAT(kBpfForm.refusal("slab"), HasSubstr("only findings in arenas"));
}

TEST(FilesAt, AreOneOrBelowAFolder) {
  const std::vector<TestFile> one = files_at("out/test.c", {"text", {}});
  ASSERT_EQ(one.size(), 1);
  EXPECT_EQ(one[0].place, "out/test.c");
  const std::vector<TestFile> two = files_at("out", {"", {}, {{"p/a.c", "1"}, {"q/a.c", "2"}}});
  ASSERT_EQ(two.size(), 2);
  EXPECT_EQ(two[1].place, "out/q/a.c");
  EXPECT_EQ(two[1].text, "2");
}

}  // namespace
}  // namespace anyctx::triage
