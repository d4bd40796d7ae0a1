// Mistakes that were made in arenas, as steps of the plain arena: random programs find each, and
// the verdict is of its kind. What needs locks and interrupts to go wrong is not among them.
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "tests/oracle/arena_verdict.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using Double = ArenaDouble;

constexpr std::uint64_t kMostPrograms = 20000;

/// Random programs until one comes to a verdict: its kind must be one of `kinds`.
template <class S>
void expect_found(std::initializer_list<VerdictKind> kinds) {
  const engine::Target target = arena_target_with<S>();
  engine::Runner runner(target);
  for (std::uint64_t seed = 0; seed < kMostPrograms; ++seed) {
    inject::Rng rng(seed);
    program::Program program = program::generate(*target.schema, rng);
    if (rng.chance(1, 2)) program = program::mutate(*target.schema, program, rng);
    program.params[static_cast<unsigned>(ArenaParam::extent)] = 0;
    const auto verdict = runner.run(program).verdict;
    if (!verdict) continue;
    EXPECT_NE(std::find(kinds.begin(), kinds.end(), verdict->kind), kinds.end())
        << "program " << seed << ": " << to_string(verdict->kind) << ": " << verdict->rule;
    return;
  }
  ADD_FAILURE() << "not found";
}

// --- Freeing.

struct ClearsTooMuch : Double {
  using Double::Double;
  void clear(Arena& arena, model::SlotRange range) override {
    if (range.count > 1) ++range.count;
    Double::clear(arena, range);
  }
};
TEST(ArenaBug, WalkThatClearsMoreThanItsRange) {
  expect_found<ClearsTooMuch>({VerdictKind::use_after_free, VerdictKind::conservation});
}

struct WrapsBelow : Double {
  using Double::Double;
  void free_pages(unsigned index, std::uint64_t pointer, std::uint32_t count,
                  bool sleepable) override {
    const model::ArenaGeometry& arena = arenas_[index].geometry;
    const std::uint32_t slot = arena.slot(pointer);
    if (arena.is_placed() && slot >= arena.pages()) {
      pointer = arena.address(slot % arena.pages());
    }
    Double::free_pages(index, pointer, count, sleepable);
  }
};
TEST(ArenaBug, FreeBelowTheArenaThatWraps) {
  expect_found<WrapsBelow>({VerdictKind::use_after_free, VerdictKind::conservation});
}

struct DoublesTheLowHalf : Double {
  using Double::Double;
  void free_later(unsigned index, model::SlotRange range, machine::IrqState state) override {
    is_late_ = true;
    Double::free_later(index, range, state);
    is_late_ = false;
  }
  void zap(unsigned index, model::SlotRange range) override {
    const std::uint64_t low = arenas_[index].geometry.user_start & 0xffff'ffff;
    if (!is_late_ || low == 0) Double::zap(index, range);
  }
  bool is_late_ = false;
};
TEST(ArenaBug, DeferredZapElsewhere) {
  expect_found<DoublesTheLowHalf>({VerdictKind::stale_translation, VerdictKind::use_after_free});
}

struct ZapsOneProcess : Double {
  using Double::Double;
  void zap(unsigned index, model::SlotRange range) override {
    const Process other = std::exchange(processes_[1], {});
    Double::zap(index, range);
    processes_[1] = other;
  }
};
TEST(ArenaBug, ZapThatSkipsAMapping) {
  expect_found<ZapsOneProcess>({VerdictKind::stale_translation});
}

struct FlushesFirst : Double {
  using Double::Double;
  void flush(unsigned, model::SlotRange) override {}
  void clear(Arena& arena, model::SlotRange range) override {
    Double::flush(&arena == &arenas_[0] ? 0 : 1, range);
    step();
    Double::clear(arena, range);
  }
};
TEST(ArenaBug, FlushBeforeTheMappingIsGone) {
  expect_found<FlushesFirst>({VerdictKind::stale_translation});
}

struct GivesFirst : Double {
  using Double::Double;
  void flush(unsigned index, model::SlotRange range) override {
    Double::give(arenas_[index], range);
    step();
    Double::flush(index, range);
  }
  void give(Arena&, model::SlotRange) override {}
};
TEST(ArenaBug, SlotsReusedBeforeTheFlush) {
  expect_found<GivesFirst>({VerdictKind::stale_translation, VerdictKind::overlap,
                            VerdictKind::use_after_free, VerdictKind::conservation});
}

struct CollectsScratch : Double {
  using Double::Double;
  void clear(Arena& arena, model::SlotRange range) override {
    Double::clear(arena, range);
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      if (scratched_.contains(slot)) cleared_.push_back(arena.scratch);
    }
    scratched_.clear();
  }
  std::byte* kernel_access(unsigned index, std::int64_t offset) override {
    const std::uint32_t slot = arenas_[index].geometry.slot(static_cast<std::uint64_t>(offset));
    if (!arenas_[index].leaves.contains(arenas_[index].geometry.kernel_page(slot))) {
      scratched_.insert(slot);
    }
    return Double::kernel_access(index, offset);
  }
  std::set<std::uint32_t> scratched_;
};
TEST(ArenaBug, ScratchPageFreed) {
  expect_found<CollectsScratch>(
      {VerdictKind::use_after_free, VerdictKind::conservation, VerdictKind::stale_translation});
}

// --- Allocating.

struct InstallsOverScratch : Double {
  using Double::Double;
  void install(Arena& arena, std::uint32_t slot) override {
    const std::int64_t page = arena.geometry.kernel_page(slot);
    arena.leaves[page] = {page, take_frame(), false};
  }
};
TEST(ArenaBug, ScratchReplacedWithoutAFlush) {
  expect_found<InstallsOverScratch>({VerdictKind::stale_translation});
}

struct LosesTheTail : Double {
  using Double::Double;
  void on_split_failure(Arena& arena, const model::ArenaAsk& ask) override {
    for (const model::SlotRange& run : arena.runs) {
      if (!ask.fixed || ask.range.first <= run.first || ask.range.end() >= run.end()) continue;
      const auto count = static_cast<std::uint32_t>(run.end() - ask.range.first);
      take(arena, {ask.range.first, count});
      break;
    }
  }
};
TEST(ArenaBug, SplitThatLosesTheTail) {
  expect_found<LosesTheTail>({VerdictKind::conservation, VerdictKind::failure_atomicity});
}

struct ForgetsTheRest : Double {
  using Double::Double;
  void give_rest(Arena&, model::SlotRange) override {}
};
TEST(ArenaBug, SlotsNotGivenBackAfterAFailure) {
  expect_found<ForgetsTheRest>({VerdictKind::conservation, VerdictKind::failure_atomicity});
}

struct ForgetsWhatIsMapped : Double {
  using Double::Double;
  void unwind(unsigned, model::SlotRange, bool) override {}
};
TEST(ArenaBug, PagesNotGivenBackAfterAFailure) {
  expect_found<ForgetsWhatIsMapped>({VerdictKind::conservation, VerdictKind::failure_atomicity});
}

struct FreesWhatIsMapped : Double {
  using Double::Double;
  void unwind(unsigned index, model::SlotRange mapped, bool sleepable) override {
    put(arenas_[index].leaves[arenas_[index].geometry.kernel_page(mapped.first)].page);
    Double::unwind(index, mapped, sleepable);
  }
};
TEST(ArenaBug, MappedPagesFreedAfterAFailure) {
  expect_found<FreesWhatIsMapped>({VerdictKind::use_after_free});
}

struct AlwaysSleeps : Double {
  using Double::Double;
  void unwind(unsigned index, model::SlotRange mapped, bool) override {
    inject::Sim::might_sleep(defer::site::work_wait);
    free_now(index, mapped);
  }
};
TEST(ArenaBug, FailureThatSleepsWhereItMayNot) {
  expect_found<AlwaysSleeps>({VerdictKind::sleep_in_atomic});
}

struct FreesUnderItsLock : Double {
  using Double::Double;
  void give_rest(Arena& arena, model::SlotRange range) override {
    const unsigned index = &arena == &arenas_[0] ? 0 : 1;
    machine::IrqState state;
    if (acquire(index, state) == 0) release(index, state);
    Double::give_rest(arena, range);
  }
};
TEST(ArenaBug, FailureThatFreesUnderItsOwnLock) {
  expect_found<FreesUnderItsLock>({VerdictKind::deadlock});
}

struct ReturnsLocked : Double {
  using Double::Double;
  void on_touch_failure(Arena&, std::uint32_t) override {
    machine::IrqState state;
    static_cast<void>(acquire(1, state));
  }
};
TEST(ArenaBug, FaultThatReturnsLocked) {
  expect_found<ReturnsLocked>({VerdictKind::lock_state});
}

struct StopsAtABatch : Double {
  using Double::Double;
  std::uint64_t alloc_pages(unsigned index, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    if (options_.batch != 0 && count > options_.batch) return 0;
    return Double::alloc_pages(index, address, count, node, flags, sleepable);
  }
};
TEST(ArenaBug, NothingBeyondABatch) {
  expect_found<StopsAtABatch>({VerdictKind::spurious_failure});
}

struct MapsABatchTwice : Double {
  using Double::Double;
  void install(Arena& arena, std::uint32_t slot) override {
    Double::install(arena, slot);
    const auto before = arena.leaves.find(arena.geometry.kernel_page(slot) - 4);
    if (before == arena.leaves.end() || before->second.scratch) return;
    put(std::exchange(arena.leaves[arena.geometry.kernel_page(slot)].page, before->second.page));
  }
};
TEST(ArenaBug, PagesOfTheFirstBatchMappedAgain) {
  expect_found<MapsABatchTwice>({VerdictKind::overlap, VerdictKind::use_after_free,
                                 VerdictKind::refcount, VerdictKind::content,
                                 VerdictKind::conservation});
}

// --- Users.

struct TakesTheReferenceLate : Double {
  using Double::Double;
  bool install_pte(Process& process, std::uint64_t address, ArenaPage page,
                   std::uint64_t) override {
    --frames_[page].references;  // as it was before the lock was released
    ++frames_[page].references;
    return Double::install_pte(process, address, page, arenas_[0].unmaps);
  }
};
TEST(ArenaBug, ReferenceTakenAfterTheLookup) {
  expect_found<TakesTheReferenceLate>({VerdictKind::stale_translation, VerdictKind::refcount,
                                       VerdictKind::use_after_free, VerdictKind::overlap,
                                       VerdictKind::conservation});
}

struct GivesReservedSlots : Double {
  using Double::Double;
  void on_touch_failure(Arena& arena, std::uint32_t slot) override { give(arena, {slot, 1}); }
};
// Written down: random programs need a minute to come to it.
TEST(ArenaBug, FaultThatFailsUndoesAReservation) {
  expect_verdict<GivesReservedSlots>(VerdictKind::conservation, "",
                                     "task0: reserve_pages(page2, 3)\n"
                                     "       touch(process0, page3, write)\n"
                                     "at task0.1 page.watermark#1: fail\n");
}

struct CountsScratch : Double {
  using Double::Double;
  std::uint64_t counter(unsigned index) const override { return arenas_[index].leaves.size(); }
};
TEST(ArenaBug, ScratchPagesCounted) {
  expect_found<CountsScratch>({VerdictKind::counter});
}

struct ForkCopies : Double {
  using Double::Double;
  void fork(unsigned parent, unsigned child) override {
    if (processes_[parent].mapped && !processes_[child].mapped) ++objects_;
    processes_[child].mapped |= processes_[parent].mapped;
  }
};
TEST(ArenaBug, ChildThatInheritsTheMapping) {
  expect_found<ForkCopies>({VerdictKind::conservation});
}

// --- Creation.

struct IgnoresTheTree : Double {
  using Double::Double;
  int on_create_failure() override { return 0; }
};
TEST(ArenaBug, CreationThatIgnoresAnError) {
  expect_found<IgnoresTheTree>({VerdictKind::spurious_failure});
}

struct LeaksOnFailure : Double {
  using Double::Double;
  int on_create_failure() override {
    ++objects_;
    return -ENOMEM;
  }
};
TEST(ArenaBug, CreationThatLeaksOnFailure) {
  expect_found<LeaksOnFailure>({VerdictKind::conservation});
}

}  // namespace
}  // namespace anyctx::target
