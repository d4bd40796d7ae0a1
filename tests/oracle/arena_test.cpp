// Each oracle of the arena target fires: arenas that misbehave in one way, and the verdict. Here:
// what is allocated, reserved, freed and counted.
#include "tests/oracle/arena_verdict.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;

using Double = ArenaDouble;

/// All operations, with what may go wrong in them.
constexpr char kEverything[] =
    "task0: a = alloc_pages(3)\n"
    "program_access(page1, write)\n"
    "touch(process0, page1)\n"
    "touch(process0, page9, write)\n"
    "b = alloc_pages_non_sleepable(2, at=page6)\n"
    "c = alloc_pages(1, at=page6)\n"
    "c = alloc_pages(1, at=page6, unaligned)\n"
    "c = alloc_pages(1, at=page1, from_end|garbage)\n"
    "c = alloc_pages(1, at=page0, from_end)\n"
    "c = alloc_pages(1, at=page1, below)\n"
    "c = alloc_pages(1, node=1)\n"
    "c = alloc_pages(1, flags=whole)\n"
    "free_pages(a, skip=1, count=1)\n"
    "program_access(page1)\n"
    "kernel_access(page1, write)\n"
    "touch(process0, page1)\n"
    "free_range(page1, 1, unaligned)\n"
    "free_range(page1, 1, below)\n"
    "free_range(page1, 4294967295, from_end)\n"
    "free_pages_non_sleepable(b)\n"
    "reserve_pages(page6, 1)\n"
    "reserve_pages(page12, 2)\n"
    "reserve_pages(page12, 2)\n"
    "reserve_pages(page0, 0)\n"
    "reserve_pages(page15, 2)\n"
    "reserve_pages(page0, 1, null)\n"
    "touch(process0, page12)\n"
    "mmap(process1)\n"
    "mmap(process1)\n"
    "fork(process0, process1)\n"
    "touch(process1, page9)\n"
    "exit(process1)\n"
    "mmap(process1, longer)\n"
    "mmap(process1, offset)\n"
    "mmap(process1, privately)\n"
    "munmap(process0)\n"
    "map_create(4)\n"
    "map_create(0)\n"
    "map_create(1048577)\n"
    "map_create(4, crossing)\n"
    "map_create(4, unaligned)\n"
    "map_op(op0)\n"
    "map_op(op3)\n"
    "direct_value(page0)\n"
    "direct_value(page0, from_end)\n"
    "mem_usage()\n"
    "map_destroy()\n"
    "a = alloc_pages(2)\n";

TEST(ArenaOracle, ArenaThatDoesNothingWrong) {
  for (const char* parameters :
       {"base=zero", "base=top", "base=middle segv=yes", "placed=no", "page_size=64k",
        "placed=no mapping=longer base=top", "placed=no mapping=shorter", "mapping=none",
        "placed=no mapping=none"}) {
    const auto verdict = arena_verdict_with<Double>(parameters, kEverything);
    EXPECT_FALSE(verdict.has_value())
        << parameters << ": op " << int{verdict->where.op} << ": " << verdict->rule << ": "
        << verdict->expected << ", " << verdict->found;
  }
}

// --- Allocation.

struct HandsOutTwice : Double {
  using Double::Double;
  std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    if (last_ == 0) last_ = Double::alloc_pages(arena, address, count, node, flags, sleepable);
    return last_;
  }
  std::uint64_t last_ = 0;
};
TEST(ArenaOracle, Overlap) {
  expect_verdict<HandsOutTwice>(VerdictKind::difference, "smallest run",
                                "task0: a = alloc_pages(1)\nb = alloc_pages(1)\n");
  expect_verdict<HandsOutTwice>(
      VerdictKind::overlap, "was free",
      "task0: a = alloc_pages(1, at=page3)\nb = alloc_pages(1, at=page3)\n");
}

struct Shifts : Double {
  using Double::Double;
  std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    const auto pointer = Double::alloc_pages(arena, address, count, node, flags, sleepable);
    return pointer + 8;
  }
};
TEST(ArenaOracle, PointerThatIsNotAligned) {
  expect_verdict<Shifts>(VerdictKind::placement, "page aligned", "task0: a = alloc_pages(1)\n");
}

struct LosesTheUpperHalf : Double {
  using Double::Double;
  std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    return Double::alloc_pages(arena, address, count, node, flags, sleepable) & 0xffff'ffff;
  }
};
TEST(ArenaOracle, PointerOutsideOfTheArena) {
  expect_verdict<LosesTheUpperHalf>(VerdictKind::placement, "within its range",
                                    "task0: a = alloc_pages(1)\n", "base=middle");
}

struct FindsNothing : Double {
  using Double::Double;
  std::int64_t find(const Arena&, std::uint32_t count) override { return count < 3 ? 0 : -1; }
};
TEST(ArenaOracle, NullForNoReason) {
  expect_verdict<FindsNothing>(VerdictKind::spurious_failure, "nothing is in the way",
                               "task0: a = alloc_pages(3)\n");
}

struct WorstFit : Double {
  using Double::Double;
  std::int64_t find(const Arena& arena, std::uint32_t) override { return arena.runs.back().first; }
};
TEST(ArenaOracle, WrongPlace) {
  expect_verdict<WorstFit>(VerdictKind::difference, "smallest run",
                           "task0: reserve_pages(page2, 1)\na = alloc_pages(1)\n");
}

struct LeavesDirt : Double {
  using Double::Double;
  void zero(ArenaPage page) override { *address(page) = std::byte{0}; }
};
TEST(ArenaOracle, DirtyMemory) {
  expect_verdict<LeavesDirt>(VerdictKind::zero, "zeroed", "task0: a = alloc_pages(1)\n");
  expect_verdict<LeavesDirt>(VerdictKind::zero, "zeroed", "task0: touch(process0, page3)\n");
}

struct LosesTheTail : Double {
  using Double::Double;
  void on_split_failure(Arena& arena, const model::ArenaAsk&) override { take(arena, {10, 6}); }
};
TEST(ArenaOracle, SlotsLostByAFailure) {
  expect_verdict<LosesTheTail>(VerdictKind::failure_atomicity, "leaves slots as they were",
                               "task0: a = alloc_pages(2, at=page4)\n"
                               "at task0.0 range_tree.split#1: fail\n");
}

struct StrandsPages : Double {
  using Double::Double;
  void on_split_failure(Arena& arena, const model::ArenaAsk&) override {
    take(arena, {4, 1});
    install(arena, 4);
  }
};
TEST(ArenaOracle, PagesLeftByAFailure) {
  expect_verdict<StrandsPages>(VerdictKind::failure_atomicity, "leaves slots as they were",
                               "task0: a = alloc_pages(2, at=page4)\n"
                               "at task0.0 range_tree.split#1: fail\n");
}

struct LosesAFrame : Double {
  using Double::Double;
  void install(Arena& arena, std::uint32_t slot) override {
    take_frame();
    Double::install(arena, slot);
  }
};
TEST(ArenaOracle, LeakedFrame) {
  expect_verdict<LosesAFrame>(VerdictKind::conservation, "nothing is left",
                              "task0: a = alloc_pages(1)\n");
}

// --- Freeing.

struct FreesTooMuch : Double {
  using Double::Double;
  void free_now(unsigned index, model::SlotRange range) override {
    ++range.count;
    Double::free_now(index, range);
  }
};
TEST(ArenaOracle, NeighboursPage) {
  expect_verdict<FreesTooMuch>(VerdictKind::use_after_free, "is not taken",
                               "task0: a = alloc_pages(1)\nb = alloc_pages(1)\nfree_pages(a)\n");
}

struct ForgetsToFree : Double {
  using Double::Double;
  void free_now(unsigned, model::SlotRange) override {}
  void free_later(unsigned index, model::SlotRange, machine::IrqState state) override {
    release(index, state);
  }
};
TEST(ArenaOracle, NothingFreed) {
  expect_verdict<ForgetsToFree>(VerdictKind::conservation, "a slot that nobody uses",
                                "task0: a = alloc_pages(1)\nfree_pages(a)\n");
  expect_verdict<ForgetsToFree>(VerdictKind::conservation, "a slot that nobody uses",
                                "task0: a = alloc_pages(1)\nfree_pages_non_sleepable(a)\n");
}

struct UnmapsWithoutFreeing : Double {
  using Double::Double;
  void give(Arena&, model::SlotRange) override {}
};
TEST(ArenaOracle, SlotNotGivenBack) {
  expect_verdict<UnmapsWithoutFreeing>(VerdictKind::conservation, "a slot that nobody uses",
                                       "task0: a = alloc_pages(1)\nfree_pages(a)\n");
}

struct MapsWhatIsFree : Double {
  using Double::Double;
  void take(Arena&, model::SlotRange) override {}
};
TEST(ArenaOracle, MappedAndFree) {
  expect_verdict<MapsWhatIsFree>(VerdictKind::overlap, "cannot be handed out again",
                                 "task0: a = alloc_pages(1)\n");
}

struct NoFlush : Double {
  using Double::Double;
  void flush(unsigned, model::SlotRange) override {}
};
TEST(ArenaOracle, CpuThatRemembers) {
  expect_verdict<NoFlush>(VerdictKind::stale_translation, "every CPU forgot",
                          "task0: a = alloc_pages(1)\nprogram_access(page0)\nfree_pages(a)\n");
  // A page that somebody else keeps from being freed; an empty slot.
  expect_verdict<NoFlush>(VerdictKind::stale_translation, "no CPU remembers",
                          "task0: kernel_access(page0)\nfree_range(page0, 1)\n");
}

struct NoZap : Double {
  using Double::Double;
  void zap(unsigned, model::SlotRange) override {}
};
TEST(ArenaOracle, ProcessThatStillMaps) {
  expect_verdict<NoZap>(VerdictKind::stale_translation, "no process maps",
                        "task0: touch(process0, page2)\nfree_range(page2, 1)\n");
}

struct PutsTooOften : Double {
  using Double::Double;
  void zap(unsigned index, model::SlotRange range) override {
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      const auto pte = processes_[0].ptes.find(arenas_[index].geometry.address(slot));
      if (pte != processes_[0].ptes.end()) put(pte->second);
    }
  }
};
TEST(ArenaOracle, PageFreedUnderAProcess) {
  expect_verdict<PutsTooOften>(VerdictKind::stale_translation, "freed after no process maps it",
                               "task0: touch(process0, page2)\nfree_range(page2, 1)\n");
}

struct FreesBeforeUnmapping : Double {
  using Double::Double;
  void free_now(unsigned index, model::SlotRange range) override {
    put(arenas_[index].leaves.begin()->second.page);
    Double::free_now(index, range);
  }
};
TEST(ArenaOracle, PageFreedWhileMapped) {
  expect_verdict<FreesBeforeUnmapping>(VerdictKind::use_after_free, "after it was unmapped",
                                       "task0: a = alloc_pages(1)\nfree_pages(a)\n");
}

struct LosesSpans : Double {
  using Double::Double;
  void defer_free(unsigned, model::SlotRange) override {}
};
TEST(ArenaOracle, LostSpan) {
  expect_verdict<LosesSpans>(VerdictKind::conservation, "a slot that nobody uses",
                             "task0: a = alloc_pages(1)\nfree_pages_non_sleepable(a)\n");
}

struct NeverWorks : Double {
  using Double::Double;
  void run_work(unsigned) override {}
};
TEST(ArenaOracle, SpanThatIsNeverProcessed) {
  expect_verdict<NeverWorks>(VerdictKind::no_progress, "come to an end",
                             "task0: a = alloc_pages(1)\nfree_pages_non_sleepable(a)\n");
}

struct KeepsSlotsBack : Double {
  using Double::Double;
  bool has_late_slots(unsigned index) const override { return arenas_[index].exists; }
};
TEST(ArenaOracle, SlotsThatAreLateForEver) {
  expect_verdict<KeepsSlotsBack>(VerdictKind::conservation, "free at last",
                                 "task0: a = alloc_pages(1)\n");
}

// --- Reservations.

struct ReservesNothing : Double {
  using Double::Double;
  int reserve_pages(unsigned, std::uint64_t, std::uint32_t) override { return 0; }
};
TEST(ArenaOracle, ReservationThatIsNone) {
  expect_verdict<ReservesNothing>(VerdictKind::conservation, "what is reserved",
                                  "task0: reserve_pages(page2, 2)\n");
  expect_verdict<ReservesNothing>(VerdictKind::error_code, "what it covers",
                                  "task0: reserve_pages(page15, 2)\n");
}

struct NeverReserves : Double {
  using Double::Double;
  int reserve_pages(unsigned, std::uint64_t, std::uint32_t) override { return -EBUSY; }
};
TEST(ArenaOracle, ReservationRefusedForNoReason) {
  expect_verdict<NeverReserves>(VerdictKind::spurious_failure, "what it covers",
                                "task0: reserve_pages(page2, 2)\n");
}

// --- Counters and references.

struct Miscounts : Double {
  using Double::Double;
  std::uint64_t counter(unsigned index) const override {
    return arenas_[index].leaves.size();  // with the scratch page
  }
};
TEST(ArenaOracle, Counter) {
  expect_verdict<Miscounts>(VerdictKind::counter, "counts the pages",
                            "task0: kernel_access(page2)\nmem_usage()\n");
}

struct ChargesTooMuch : Double {
  using Double::Double;
  std::int64_t charged() const override { return owned().charge + 1; }
};
TEST(ArenaOracle, Charge) {
  expect_verdict<ChargesTooMuch>(VerdictKind::counter, "is charged, and nothing else",
                                 "task0: a = alloc_pages(1)\n");
}

struct LosesAnObject : ChargesTooMuch {
  using ChargesTooMuch::ChargesTooMuch;
  ArenaStock stock() const override {
    ArenaStock stock = Double::stock();
    stock.objects += arenas_[0].exists ? 1 : 0;
    return stock;
  }
};
TEST(ArenaOracle, LostObject) {
  expect_verdict<LosesAnObject>(VerdictKind::conservation, "what is in use belongs to an arena",
                                "task0: a = alloc_pages(1)\n");
}

struct LeavesCachesStale : Double {
  using Double::Double;
  void leaves(unsigned index, std::vector<model::LeafView>& leaves) const override {
    Double::leaves(index, leaves);
    for (model::LeafView& leaf : leaves) leaf.unsynced = true;
  }
};
TEST(ArenaOracle, Caches) {
  expect_verdict<LeavesCachesStale>(VerdictKind::stale_translation, "caches know",
                                    "task0: a = alloc_pages(1)\n");
}

struct KeepsAReference : Double {
  using Double::Double;
  TouchResult touch(unsigned process, std::uint64_t address, bool write,
                    TouchListener& listener) override {
    const TouchResult result = Double::touch(process, address, write, listener);
    ++frames_[arenas_[0].leaves.begin()->second.page].references;
    return result;
  }
};
TEST(ArenaOracle, References) {
  expect_verdict<KeepsAReference>(VerdictKind::refcount, "one reference each",
                                  "task0: touch(process0, page2)\n");
}

}  // namespace
}  // namespace anyctx::target
