// What becomes a KUnit test, and what is refused. That such tests are right, a kernel has shown
// once: see docs/exporting.md.
#include <fstream>

#include "tests/triage/scenario_bed.h"

namespace anyctx::triage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class KunitRangeTree : public ScenarioBed {
 protected:
  KunitRangeTree() : ScenarioBed("range_tree") {
    regression_.name = "range_tree-clear-loses-ranges";
    scenario().params = {
        number("limit", 64), {"whole", 0, "no"}, {"rt", 0, "no"}, {"cas2", 1, "yes"}};
  }

  static Args range(std::uint32_t start, std::uint32_t length) {
    return {number("start", start), number("length", length), number("high", 0)};
  }

  void expect_reason(const std::string& reason) {
    const WrittenTest test = write(kKunitForm);
    EXPECT_THAT(test.reasons, ElementsAre(HasSubstr(reason)));
    EXPECT_EQ(test.text, "");
  }

  /// The calls of the test.
  std::string calls() {
    const WrittenTest test = write(kKunitForm);
    EXPECT_THAT(test.reasons, IsEmpty());
    const std::string from = part(test.text, "static void scenario(");
    return from.substr(0, from.find("}\n"));
  }
};

TEST_F(KunitRangeTree, IsWhatAKernelWasShown) {
  regression_.replay = "./anyctx replay --subject kernel:7.3.4 x.txt";
  regression_.program = "anyctx 1 target=range_tree whole=no\n...\n";
  regression_.story = "VERDICT failure-atomicity: a change that fails changes nothing\n";
  call("task0.0", "set", range(0, 64));
  ScenarioStep& clear = call("task0.1", "clear", range(4, 25));
  clear.result.reset();
  clear.decisions.push_back({"range_tree.split", 1, "fail", 5});
  scenario().verdict = {"failure-atomicity", "a change that fails changes nothing", "0..63", "0..3",
                        1};
  const WrittenTest test = write(kKunitForm);
  EXPECT_THAT(test.reasons, IsEmpty());
  std::ifstream golden(ANYCTX_EXPORTED "/range_tree_clear_loses_ranges_test.c.txt");
  const std::string text(std::istreambuf_iterator<char>(golden), {});
  EXPECT_EQ(test.text, text);
}

TEST_F(KunitRangeTree, HandlersAtTheEndsOfACallAreCallsBesideIt) {
  scenario().params[1] = {"whole", 1, "yes"};
  call("task0.0", "clear", range(4, 25));
  nested("op.begin", "nmi0.0", "clear", range(0, 1));
  call("task0.1", "set", range(4, 25));
  nested("op.end", "nmi0/1.0", "clear", range(1, 1));
  EXPECT_EQ(
      calls(),
      "static void scenario(struct kunit *test)\n{\n\tset(test, 0, LIMIT);\t/* at creation */\n"
      "\tclear(test, 0, 1);\t/* nmi0.0 */\n\tclear(test, 4, 25);\t/* task0.0 */\n"
      "\tset(test, 4, 25);\t/* task0.1 */\n\tclear(test, 1, 1);\t/* nmi0/1.0 */\n");
}

TEST_F(KunitRangeTree, OneThatDoesNotGetTheLockMakesNoCall) {
  call("task0.0", "clear", range(4, 25));
  nested("kernel.memory.store", "nmi0.0", "clear", range(0, 1)).result = {"failed", -35, "EDEADLK"};
  EXPECT_THAT(calls(), Not(HasSubstr("clear(test, 0, 1)")));
  EXPECT_THAT(write(kKunitForm).text,
              HasSubstr(" * - nmi0.0: clear(0, 1, 0): left out: did not get the owner's lock\n"));
}

TEST_F(KunitRangeTree, MemoryThatIsMissingByItselfIsMissingThere) {
  call("task0.0", "take_pages", {number("count", 64)});
  call("task0.1", "set", range(4, 25)).result = {"failed", -12, "ENOMEM"};
  EXPECT_THAT(calls(), HasSubstr("\tif (lacks_memory)\n\t\tlet_fail(test, 1, 1);\n"
                                 "\tset(test, 4, 25);\t/* task0.1 */\n"));
  EXPECT_THAT(calls(), Not(HasSubstr("take_pages")));
}

TEST_F(KunitRangeTree, AFailureThatStaysLastsForTheCall) {
  call("task0.0", "comb", {number("start", 0), number("teeth", 8)})
      .decisions.push_back({"range_tree.split", 3, "fail sticky", 1});
  EXPECT_THAT(calls(), HasSubstr("let_fail(test, 3, UINT_MAX);\n\tcomb(test, 0, 8);"));
}

TEST_F(KunitRangeTree, WhatCallersSeeToIsLeftOut) {
  call("task0.0", "clear", range(60, 8)).result = {"failed", -22, "EINVAL"};
  call("task0.1", "find", {number("length", 0), number("high", 0)}).result = {"failed", -22,
                                                                              "EINVAL"};
  EXPECT_EQ(calls(), "static void scenario(struct kunit *test)\n{\n");
}

TEST_F(KunitRangeTree, AnInterruptAmidACallThatGetsTheLockIsRefused) {
  call("task0.0", "clear", range(4, 25));
  nested("rqspinlock.word.load", "nmi0.0", "clear", range(0, 1));
  expect_reason("nmi0.0 (clear(0, 1, 0)) comes at rqspinlock.word.load of task0.0");
}

TEST_F(KunitRangeTree, CallsAtOnceAreRefused) {
  call("task0.0", "clear", range(4, 25)).end = 9;
  call("task1.0", "clear", range(0, 1));
  expect_reason("task0.0 and task1.0 run at once");
}

TEST_F(KunitRangeTree, LargeTreesAreRefused) {
  scenario().params[0] = number("limit", 0);
  expect_reason("limit=0: the test's model has at most 1048576 numbers");
}

TEST_F(KunitRangeTree, VerdictsThatCallsDoNotShowAreRefused) {
  call("task0.0", "clear", range(4, 25));
  scenario().verdict = {"no-progress", "a change takes few steps for each run", "9", "10", 0};
  expect_reason("the verdict 'no-progress: a change takes few steps for each run'");
}

TEST_F(KunitRangeTree, WhichOfManyCallsFoundNoMemoryIsNotGuessed) {
  call("task0.0", "comb", {number("start", 0), number("teeth", 8)}).result = {"failed", -12,
                                                                              "ENOMEM"};
  expect_reason("task0.0 (comb(0, 8)): which of its calls found no memory is not told");
}

class KunitObjpool : public ScenarioBed {
 protected:
  KunitObjpool() : ScenarioBed("objpool") {
    regression_.name = "objpool-test";
    scenario().params = {number("count", 4), number("size", 16)};
  }
};

TEST_F(KunitObjpool, CallsOfOneTask) {
  call("task0.0", "pop", {}).slot = "a";
  call("task0.1", "churn", {number("count", 2), number("reverse", 1)});
  call("task0.2", "push", {{"object", 0, "a"}}).takes = 0;
  call("task0.3", "push", {{"object", 0, "a"}}).result = {"nothing to do", 0, ""};
  call("task0.4", "recreate", {number("count", 100), number("size", 8), number("refused", 0)});
  const WrittenTest test = write(kKunitForm);
  EXPECT_THAT(test.reasons, IsEmpty());
  EXPECT_THAT(test.text,
              HasSubstr("\tcreate(test, 4, 16, 0);\n"
                        "\tobjects[0] = pop(test);\t/* task0.0: pop() */\n"
                        "\tchurn(test, 2, true);\t/* task0.1: churn(2, 1) */\n"
                        "\tpush(test, objects[0]);\t/* task0.2: push(a) */\n"
                        "\trecreate(test, 64, 8, 0);\t/* task0.4: recreate(100, 8, 0) */\n}\n"));
}

TEST_F(KunitObjpool, WhatIsNotACallOfTheTaskIsRefusedStepByStep) {
  call("task0.0", "pop", {}).decisions = {{"kernel.memory.store", 3, "run task1", 1},
                                          {"objpool.tail", 1, "fail", 2}};
  nested("kernel.memory.store", "nmi0.0", "pop", {});
  call("task1.0", "pop", {});
  scenario().verdict = {"deadlock", "what spins must come to an end", "", "", 0};
  EXPECT_THAT(
      write(kKunitForm).reasons,
      ElementsAre(
          "task0.0 kernel.memory.store#3: run task1: a test does not schedule within a call",
          "task0.0 objpool.tail#1: fail: nothing outside makes it fail",
          "task0.0 kernel.memory.store#1: nmi0: a test does not interrupt a call",
          "nmi0.0 (pop()): in nmi context, and not of the test's task",
          "task1.0 (pop()): in task context, and not of the test's task",
          "the verdict 'deadlock: what spins must come to an end': calls and their results "
          "do not show it"));
}

TEST_F(KunitObjpool, MemoryThatWasUsedUpIsRefused) {
  call("task0.0", "recreate", {number("count", 4), number("size", 8), number("refused", 0)})
      .failures.push_back({"objpool.memory", 1});
  EXPECT_THAT(write(kKunitForm).reasons,
              ElementsAre("task0.0 (recreate(4, 8, 0)): objpool.memory failed, which a test does "
                          "not bring about"));
}

class KunitRqspinlock : public ScenarioBed {
 protected:
  KunitRqspinlock() : ScenarioBed("rqspinlock") {
    regression_.name = "lock-test";
    scenario().params = {number("test_and_set", 0)};
  }
  static NamedValue lock(const std::string& name, std::uint32_t value) {
    return {name, value, "lock" + std::to_string(value)};
  }
};

TEST_F(KunitRqspinlock, LocksOneInTheOther) {
  call("task0.0", "lock2",
       {lock("lock", 3), lock("second", 3), number("ms", 0), {"flags", 3, "irqsave|retry"}})
      .result = {"failed", 35, ""};
  call("task0.1", "lock_many", {lock("lock", 38), number("count", 3), number("again", 4)});
  call("task0.2", "wait", {number("ms", 1)});
  const WrittenTest test = write(kKunitForm);
  EXPECT_THAT(test.reasons, IsEmpty());
  EXPECT_THAT(test.text,
              HasSubstr("\ttake(test, (const int[]){ 3, 3 }, 2, -1, true, true);\t/* task0.0: "));
  EXPECT_THAT(test.text, HasSubstr("\ttake_many(test, 38, 3, 1);\t/* task0.1: "));
  EXPECT_THAT(test.text, Not(HasSubstr(".exit")));
}

TEST_F(KunitRqspinlock, MisuseIsRefused) {
  call("task0.0", "unlock_unheld", {lock("lock", 0)});
  EXPECT_THAT(write(kKunitForm).reasons, ElementsAre(HasSubstr("does not report misuse of locks")));
}

class KunitSlab : public ScenarioBed {
 protected:
  KunitSlab() : ScenarioBed("slab") {
    regression_.name = "slab-test";
    scenario().params = {{"debug", 0, "no"}};
  }
  static NamedValue flags(const std::string& text) { return {"flags", text != "0", text}; }
  static NamedValue any_node() { return number("node", 4); }
};

TEST_F(KunitSlab, CallsOfOneTask) {
  call("task0.0", "kmalloc", {number("size", 96), flags("zero|nowait"), any_node()}).slot = "a";
  call("task0.1", "kmalloc_nolock", {number("size", 64), flags("irqs_off|account"), any_node()});
  call("task0.2", "kmem_cache_create",
       {number("cache", 1), number("size", 200), number("align", 64), flags("reclaimable|poison")});
  call("task0.3", "kmem_cache_alloc", {number("cache", 1), flags("0"), any_node()});
  call("task0.4", "kfree_nolock", {{"object", 0, "b"}, flags("preempt_off")}).takes = 1;
  call("task0.5", "kfree", {{"object", 0, "a"}}).takes = 0;
  call("task0.6", "kmem_cache_free", {{"object", 0, "c"}}).takes = 3;
  const WrittenTest test = write(kKunitForm);
  EXPECT_THAT(test.reasons, IsEmpty());
  for (const char* line :
       {"take(test, 0, 96, GFP_NOWAIT | __GFP_ZERO);",
        "take_nolock(test, 1, 64, __GFP_ACCOUNT, true, false);",
        "create(test, 1, 200, 64, SLAB_RECLAIM_ACCOUNT | SLAB_POISON);",
        "take_cached(test, 3, 1, GFP_KERNEL);", "give_nolock(test, 1, false, true);",
        "give(test, 0);", "give_cached(test, 3);", "OBJECTS = 7,"}) {
    EXPECT_THAT(test.text, HasSubstr(line));
  }
}

TEST_F(KunitSlab, WhatATestCannotDoIsRefused) {
  call("task0.0", "kmalloc", {number("size", 96), flags("0"), number("node", 1)});
  call("task0.1", "double_free", {{"object", 0, "a"}});
  call("task0.2", "kmalloc", {number("size", 96), flags("0"), any_node()}).result = {"failed", 0,
                                                                                     ""};
  EXPECT_THAT(write(kKunitForm).reasons,
              ElementsAre(HasSubstr("which nodes there are"), HasSubstr("no such call"),
                          HasSubstr("it failed; only calls that succeed")));
}

TEST(KunitForm, OtherTargetsAreRefusedBeforehand) {
  EXPECT_EQ(kKunitForm.refusal("range_tree"), "");
  EXPECT_EQ(kKunitForm.refusal("hashtab"),
            "there is no KUnit test of hashtab; there is of: range_tree objpool rqspinlock slab");
}

TEST(KunitForm, NothingEndsItsComment) {
  Regression regression;
  regression.target = "objpool";
  regression.story = "a */ b\n";
  regression.scenario.params = {{"count", 1, "1"}, {"size", 8, "8"}};
  EXPECT_THAT(kKunitForm.write(regression).text, HasSubstr(" * a * / b\n"));
}

}  // namespace
}  // namespace anyctx::triage
