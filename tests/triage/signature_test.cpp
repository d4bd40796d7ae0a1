// Signatures: of verdicts, and of captured reports (reports/ beside this file).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "triage/signature/bug_class.h"
#include "triage/signature/causes.h"
#include "triage/signature/process_report.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string captured(const std::string& name) {
  std::ifstream in(ANYCTX_REPORTS "/" + name);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

json verdict(const char* kind, const char* rule, const char* operation, const char* found) {
  return {{"kind", kind}, {"rule", rule}, {"operation", operation}, {"found", found}};
}

std::string key(const json& verdict) {
  return signature_of_verdict(verdict).key;
}

TEST(VerdictSignature, StateAtRestIsNotSplitByWhoFoundIt) {
  const char* rule = "every object of a slab is free or in use";
  EXPECT_EQ(key(verdict("conservation", rule, "kfree", "object 3 of slab 7 is neither")),
            key(verdict("conservation", rule, "", "object 9 of slab 1 is neither")));
  EXPECT_NE(key(verdict("conservation", rule, "", "")),
            key(verdict("conservation", "every page is free or in use", "", "")));
}

TEST(VerdictSignature, ResultOfACallGoesWithTheOperation) {
  const char* rule = "an allocation fails for a reason";
  EXPECT_NE(key(verdict("spurious-failure", rule, "kmalloc", "null")),
            key(verdict("spurious-failure", rule, "alloc_pages", "null")));
  for (const char* variant : {"lock2", "lock_many"}) {
    EXPECT_EQ(key(verdict("error-code", "a rule", "lock", "")),
              key(verdict("error-code", "a rule", variant, "")));
  }
  EXPECT_EQ(key(verdict("spurious-failure", rule, "kmalloc", "null after 3 steps")),
            key(verdict("spurious-failure", rule, "kmalloc", "null after 4 steps")));
}

TEST(VerdictSignature, EndlessLoopsGoWithTheirLayer) {
  const auto loop = [](const char* operation, const char* point) {
    json endless = verdict("no-progress", "it ends", operation, "");
    endless["point"] = point;
    return key(endless);
  };
  EXPECT_EQ(loop("a", "slab.pair.cas"), loop("b", "slab.list_lock.trylock"));
  EXPECT_NE(loop("a", "slab.pair.cas"), loop("a", "page.zone_lock.trylock"));
}

TEST(VerdictSignature, LocksGoWithTheirSites) {
  const char* rule = "an NMI never waits for a lock";
  const std::string slab = key(verdict("forbidden-action", rule, "a", "waits for slab.list_lock"));
  EXPECT_EQ(slab, "forbidden-action: an NMI never waits for a lock (slab.list_lock)");
  EXPECT_EQ(slab, key(verdict("forbidden-action", rule, "b", "waits for slab.list_lock")));
  EXPECT_NE(slab, key(verdict("forbidden-action", rule, "a", "waits for page.zone_lock")));
}

TEST(VerdictSignature, CycleHasNoBeginning) {
  const char* rule = "some task must be able to run";
  EXPECT_EQ(key(verdict("deadlock", rule, "", "task0 waits for a.x, task1 waits for b.y.")),
            key(verdict("deadlock", rule, "", "task3 waits for b.y, task0 waits for a.x")));
}

TEST(VerdictSignature, WhatTheSubjectReportsIsPartOfIt) {
  const char* rule = "the code under test reports that it was misused or corrupted";
  EXPECT_NE(key(verdict("structure", rule, "", "corrupt freelist")),
            key(verdict("structure", rule, "", "bad page")));
}

TEST(BugClass, OfTheField) {
  EXPECT_EQ(bug_class("deadlock", "no frame waits for a lock that an outer frame of its own holds"),
            "self-deadlock");
  EXPECT_EQ(bug_class("deadlock", "no task takes a lock that it holds"), "self-deadlock");
  EXPECT_EQ(bug_class("deadlock", "locks are waited for in one order"), "deadlock");
  EXPECT_EQ(bug_class("no-progress", ""), "unbounded-steps");
  EXPECT_EQ(bug_class("conservation", ""), "lost-capacity");
  EXPECT_EQ(bug_class("overlap", ""), "double-hand-out");
  EXPECT_EQ(bug_class("failure-atomicity", ""), "failed-call-changed-state");
  EXPECT_EQ(bug_class("sleep-in-atomic", ""), "forbidden-action");
  EXPECT_EQ(bug_class("stale-translation", ""), "stale-translation");
  EXPECT_EQ(bug_class("grace-period", ""), "grace-period");
  EXPECT_EQ(bug_class("counter", ""), "accounting");
  EXPECT_EQ(bug_class("something new", ""), "other");
  EXPECT_THAT(std::string(describe_class("self-deadlock")), HasSubstr("waits"));
}

TEST(Frame, NamesAreWithoutWhatVaries) {
  EXPECT_EQ(plain_name("void anyctx::slab::refill<anyctx::slab::Native>(anyctx::slab::X&, int)"),
            "slab::refill");
  EXPECT_EQ(plain_name("anyctx::tiny::(anonymous namespace)::World::perform(int) const"),
            "tiny::World::perform");
  EXPECT_EQ(plain_name("anyctx::A<B>::operator()(int) const"), "A::operator()");
  EXPECT_EQ(plain_name("bool anyctx::operator<< <C>(anyctx::C, anyctx::C)"), "operator<<");
  EXPECT_EQ(plain_name("std::function<void (int)>::operator->() const"),
            "std::function::operator->");
  EXPECT_EQ(plain_name("anyctx::f(int) [clone .cold]"), "f");
  EXPECT_EQ(plain_name("anyctx::f.cold"), "f");
}

TEST(Frame, FilesAreFromTheTopOfTheClone) {
  const auto frame = parse_frame(
      "    #7 0x55f4 in allocate /home/me/anyctx/build/fuzz/../../lib/slab/slab.h:214:27");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->function, "allocate");
  EXPECT_EQ(frame->file, "lib/slab/slab.h");
  EXPECT_EQ(frame->owner, Owner::subject);
  EXPECT_FALSE(parse_frame("    #0 0x556fe1033dac  (/build/bin/anyctx-run+0x3e0dac) (BuildId: a)"));
  EXPECT_EQ(module_offset("    #0 0x556fe1033dac  (/build/bin/anyctx-run+0x3e0dac) (BuildId: a)"),
            "anyctx-run+0x3e0dac");
}

TEST(ProcessReport, AddressSanitizerInTheSubject) {
  const Signature signature = signature_of_output(captured("asan_in_subject.txt"));
  EXPECT_EQ(signature.kind, "use-after-poison");
  EXPECT_EQ(signature.bug_class, "use-after-free");
  EXPECT_EQ(signature.key,
            "use-after-poison: WRITE of size 8 in single_objects.h:take_fresh < "
            "node_search.h:near_first");
  EXPECT_THAT(signature.headline, HasSubstr("AddressSanitizer: use-after-poison"));
}

TEST(ProcessReport, AddressSanitizerInTheTarget) {
  const Signature signature = signature_of_output(captured("asan_in_target.txt"));
  EXPECT_EQ(signature.key, "use-after-poison of what reclaim holds");
  EXPECT_THAT(signature.headline, HasSubstr("reclaim_world_read.cpp:look"));
}

TEST(ProcessReport, AddressesAndFoldersDoNotMatter) {
  const std::string here = captured("asan_in_subject.txt");
  const std::string there = std::regex_replace(
      std::regex_replace(here, std::regex("0x[0-9a-f]{8,}"), "0x123456789abc"),
      std::regex("/home/me/anyctx/build/fuzz-address/../.."), "/builds/7/anyctx");
  ASSERT_NE(here, there);
  EXPECT_EQ(signature_of_output(here).key, signature_of_output(there).key);
}

TEST(ProcessReport, WithoutSymbolsOffsetsAreThePlace) {
  const ProcessReport report = parse_process_report(captured("asan_without_symbols.txt"));
  EXPECT_THAT(report.offsets, ::testing::StartsWith("anyctx-run+0x3e0dac anyctx-run+0x3dfca3 "));
  EXPECT_EQ(report.kind, "use-after-poison");
  EXPECT_EQ(report.what, "READ of size 8");
}

TEST(ProcessReport, RaceIsTheSameFromBothSides) {
  const std::string output = captured("tsan.txt");
  const Signature signature = signature_of_output(output);
  EXPECT_EQ(signature.kind, "data-race");
  EXPECT_EQ(signature.key, "data-race in sheaf.cpp:take < sheaf.cpp:refill");
  const char* stack = "\n    #0 void anyctx::slab::%s<X>(int) /a/lib/slab/sheaf.cpp:1:2 (b+0x1)\n";
  const auto race = [&](const char* first, const char* second) {
    const auto part = [&](const char* function) {
      return std::regex_replace(std::string(stack), std::regex("%s"), function);
    };
    return signature_of_output("WARNING: ThreadSanitizer: data race (pid=1)\n  Write of size 4 at" +
                               part(first) + "\n  Previous read of size 4 at" + part(second))
        .key;
  };
  EXPECT_EQ(race("put", "take"), "data-race in sheaf.cpp:put / sheaf.cpp:take");
  EXPECT_EQ(race("put", "take"), race("take", "put"));
}

TEST(ProcessReport, UndefinedBehaviour) {
  const Signature signature = signature_of_output(captured("ubsan.txt"));
  EXPECT_EQ(signature.kind, "undefined");
  EXPECT_EQ(signature.key,
            "undefined: shift exponent N is too large for N-bit type 'int' in sheaf.cpp:shift < "
            "sheaf.cpp:main");
}

TEST(ProcessReport, LibFuzzer) {
  const Signature signature = signature_of_output(captured("libfuzzer_timeout.txt"));
  EXPECT_EQ(signature.kind, "timeout");
  EXPECT_EQ(signature.key, signature_of_timeout().key);
  EXPECT_EQ(signature.bug_class, "unbounded-steps");
  EXPECT_EQ(signature_of_output("==1== ERROR: libFuzzer: out-of-memory (used: 3Mb)\n").kind,
            "out-of-memory");
  EXPECT_EQ(signature_of_output("==1== ERROR: libFuzzer: deadly signal\n").kind, "deadly-signal");
}

TEST(ProcessReport, OtherEnds) {
  EXPECT_EQ(signature_of_output("anyctx: CHECK failed: a < b (2, 1) at x.cpp:3\n").key,
            signature_of_output("anyctx: CHECK failed: a < b (9, 1) at x.cpp:4\n").key);
  EXPECT_EQ(signature_of_output("anyctx: VERDICT overlap: it is mine\n").kind, "overlap");
  EXPECT_EQ(
      signature_of_output("==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0 (pc 0x1)\n"
                          "==1==The signal is caused by a WRITE memory access.\n")
          .key,
      "SEGV: WRITE");
  EXPECT_EQ(signature_of_output("").kind, "crash");
}

TEST(Hash, IsStable) {
  EXPECT_EQ(short_hash(""), "811c9dc5");
  EXPECT_EQ(short_hash("a"), "e40c292c");
}

TEST(Causes, PlaceIsTheSameForAllOperations) {
  const json verdict = {{"kind", "error-code"},
                        {"rule", "no more than 3"},
                        {"point", "a.b.load"},
                        {"operation", "lock"},
                        {"found", "-EBUSY"}};
  json other = verdict;
  other["operation"] = "try_lock";
  EXPECT_NE(signature_of_verdict(verdict).key, signature_of_verdict(other).key);
  EXPECT_EQ(place_of_verdict(verdict), "error-code: no more than N at a.b.load");
  EXPECT_EQ(place_of_verdict(verdict), place_of_verdict(other));
  other["point"] = "a.b.store";
  EXPECT_NE(place_of_verdict(verdict), place_of_verdict(other));
}

using Groups = std::vector<std::vector<std::string>>;

TEST(Causes, WhatMostProgramsShowIsAFace) {
  Causes causes;
  causes.add("overlap", {{"overlap", "conservation"}, {"conservation"}, {"poison"}});
  causes.add("conservation", {{"conservation"}});
  causes.add("poison", {{"poison"}});
  EXPECT_EQ(causes.groups(), (Groups{{"conservation", "overlap"}, {"poison"}}));
}

TEST(Causes, HalfOfThemIsChance) {
  Causes causes;
  causes.add("a", {{"a", "b"}, {"a"}});
  causes.add("b", {{"b"}});
  EXPECT_EQ(causes.groups().size(), 2u);
}

TEST(Causes, FacesThatNoInputShowsJoinToo) {
  Causes causes;
  causes.add("a", {{"hidden"}});
  causes.add("b", {{"hidden"}});
  causes.add("c", {});
  EXPECT_EQ(causes.groups(), (Groups{{"a", "b"}, {"c"}}));
}

}  // namespace
}  // namespace anyctx::triage
