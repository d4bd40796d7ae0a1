// Each oracle of the arena target fires: arenas that misbehave in one way, and the verdict. Here:
// accesses, processes, and the map as a whole.
#include "tests/oracle/arena_verdict.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using Double = ArenaDouble;

// --- Accesses.

struct WritesElsewhere : Double {
  using Double::Double;
  std::byte* program_access(unsigned index, std::int64_t offset, bool write) override {
    std::byte* const memory = Double::program_access(index, offset, write);
    return memory == nullptr ? nullptr : this->address(arenas_[index].leaves.begin()->second.page);
  }
};
TEST(ArenaOracle, AccessToAnotherPage) {
  expect_verdict<WritesElsewhere>(VerdictKind::stale_translation, "goes to the page",
                                  "task0: a = alloc_pages(2)\nprogram_access(page1, write)\n");
}

struct ForgetsWrites : Double {
  using Double::Double;
  std::byte* program_access(unsigned index, std::int64_t offset, bool write) override {
    std::byte* const memory = Double::program_access(index, offset, write);
    if (!write) *memory = std::byte{0};
    return memory;
  }
};
TEST(ArenaOracle, Content) {
  expect_verdict<ForgetsWrites>(
      VerdictKind::content, "written there last",
      "task0: a = alloc_pages(1)\nprogram_access(page0, write)\nprogram_access(page0)\n");
}

struct Faults : Double {
  using Double::Double;
  std::byte* program_access(unsigned, std::int64_t, bool) override { return nullptr; }
};
TEST(ArenaOracle, ProgramThatCannotReach) {
  expect_verdict<Faults>(VerdictKind::difference, "can access what is mapped",
                         "task0: a = alloc_pages(1)\nprogram_access(page0)\n");
  expect_verdict<Faults>(VerdictKind::spurious_failure, "is let through",
                         "task0: kernel_access(page0)\n");
}

struct GivesAPage : Double {
  using Double::Double;
  std::byte* kernel_access(unsigned index, std::int64_t offset, bool = false) {
    install(arenas_[index], arenas_[index].geometry.slot(static_cast<std::uint64_t>(offset)));
    return program_access(index, offset, false);
  }
  std::byte* kernel_access(unsigned index, std::int64_t offset) override {
    return kernel_access(index, offset, false);
  }
};
TEST(ArenaOracle, KernelThatGetsAPage) {
  expect_verdict<GivesAPage>(VerdictKind::conservation, "scratch page",
                             "task0: kernel_access(page0)\n");
}

struct NoSignal : Double {
  using Double::Double;
  TouchResult touch(unsigned process, std::uint64_t address, bool write,
                    TouchListener& listener) override {
    arenas_[0].segv = false;
    return Double::touch(process, address, write, listener);
  }
};
TEST(ArenaOracle, MissingSignal) {
  expect_verdict<NoSignal>(VerdictKind::error_code, "must get a signal",
                           "task0: touch(process0, page2)\n", "segv=yes");
}

struct AlwaysSignals : Double {
  using Double::Double;
  TouchResult touch(unsigned, std::uint64_t, bool, TouchListener&) override {
    return TouchResult::sigsegv;
  }
};
TEST(ArenaOracle, SignalForNoReason) {
  expect_verdict<AlwaysSignals>(VerdictKind::spurious_failure, "a signal for a reason",
                                "task0: touch(process0, page2)\n");
}

// --- The map.

struct LeaksOnFailure : Double {
  using Double::Double;
  int on_create_failure() override {
    ++objects_;
    return -ENOMEM;
  }
};
TEST(ArenaOracle, CreationThatLeaks) {
  expect_verdict<LeaksOnFailure>(VerdictKind::conservation, "could not be created",
                                 "task0: map_create(4)\n"
                                 "at task0.0 range_tree.new#1: fail\n");
}

struct IgnoresTheError : Double {
  using Double::Double;
  int map_create(unsigned index, const model::ArenaAttributes& attributes) override {
    const int error = Double::map_create(index, attributes);
    if (index == 1) arenas_[index].runs.clear();
    return error;
  }
};
TEST(ArenaOracle, ArenaWithoutSlots) {
  expect_verdict<IgnoresTheError>(VerdictKind::spurious_failure, "all its slots free",
                                  "task0: map_create(4)\n");
}

struct AcceptsEverything : Double {
  using Double::Double;
  int map_create(unsigned index, const model::ArenaAttributes&) override {
    return Double::map_create(index, {});
  }
};
TEST(ArenaOracle, AttributesThatAreWrong) {
  expect_verdict<AcceptsEverything>(VerdictKind::error_code, "wrong with the attributes",
                                    "task0: map_create(0)\n", "entries=1 placed=no mapping=none");
}

struct RefusesCreation : Double {
  using Double::Double;
  int map_create(unsigned index, const model::ArenaAttributes& attributes) override {
    return index == 0 ? Double::map_create(index, attributes) : -ENOMEM;
  }
};
TEST(ArenaOracle, CreationRefusedForNoReason) {
  expect_verdict<RefusesCreation>(VerdictKind::spurious_failure, "is created",
                                  "task0: map_create(4)\n");
}

struct OnePastTheEnd : Double {
  using Double::Double;
  int direct_value_address(unsigned index, std::uint32_t offset, std::uint64_t& address) override {
    return Double::direct_value_address(index, offset == 0 ? 0 : offset - 1, address);
  }
};
TEST(ArenaOracle, ConstantAddressPastTheEnd) {
  expect_verdict<OnePastTheEnd>(VerdictKind::error_code, "within the arena",
                                "task0: direct_value(page0, from_end)\n");
}

struct ForkCopies : Double {
  using Double::Double;
  void fork(unsigned, unsigned child) override { processes_[child].mapped = true; }
};
TEST(ArenaOracle, ForkThatCopies) {
  expect_verdict<ForkCopies>(VerdictKind::conservation, "processes that map it",
                             "task0: fork(process0, process1)\n");
}

struct MapsAnything : Double {
  using Double::Double;
  std::int64_t mmap(unsigned index, unsigned process, const model::MmapAsk&) override {
    model::MmapAsk fine;
    fine.address = arenas_[index].geometry.user_start;
    fine.length = arenas_[index].geometry.user_end - fine.address;
    return Double::mmap(index, process, fine);
  }
};
TEST(ArenaOracle, MappingThatDoesNotFit) {
  expect_verdict<MapsAnything>(VerdictKind::error_code, "does not fit",
                               "task0: mmap(process1, longer)\n");
}

struct Moves : Double {
  using Double::Double;
  int munmap(unsigned process, std::uint64_t address, std::uint64_t length) override {
    return Double::munmap(process, address, length);
  }
  std::int64_t mmap(unsigned index, unsigned process, const model::MmapAsk& ask) override {
    const std::int64_t result = Double::mmap(index, process, ask);
    if (process == 1) {
      arenas_[index].geometry.user_start += 1 << 16;
      arenas_[index].geometry.user_end += 1 << 16;
    }
    return result;
  }
};
TEST(ArenaOracle, ArenaThatMoves) {
  expect_verdict<Moves>(VerdictKind::placement, "for ever", "task0: mmap(process1)\n");
}

struct WorksAfterTheEnd : Double {
  using Double::Double;
  bool work_is_idle(unsigned index) const override { return arenas_[index].exists; }
};
TEST(ArenaOracle, WorkThatOutlivesTheArena) {
  expect_verdict<WorksAfterTheEnd>(VerdictKind::use_after_destroy, "nothing of an arena runs",
                                   "task0: map_create(4)\n");
}

}  // namespace
}  // namespace anyctx::target
