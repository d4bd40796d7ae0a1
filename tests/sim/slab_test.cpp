// The slab allocator on the simulated machine: random programs under schedules, NMIs, interrupts,
// probe programs, migrations and injected failures, with ownership, content and structure as
// oracles.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "inject/choice/draws.h"
#include "lib/page/census.h"
#include "lib/slab/audit.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr unsigned kPages = 256;
constexpr std::span<const machine::SiteInfo> kSlabTables[] = {
    machine::kOperationTable, defer::site::kTable, defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable,  slab::site::kTable};

struct Personality {
  const char* name;
  MachineConfig machine;
  slab::Config slab;
  unsigned nodes = 1;
  unsigned page_shift = 12;
  unsigned page_count = kPages;
};

class SlabPrograms : public ::testing::TestWithParam<Personality> {
 protected:
  using M = Sim;

  SlabPrograms() : machine_(GetParam().page_count << GetParam().page_shift) {
    machine_.setup = [this] { set_up(); };
    machine_.check = [this] { check(); };
  }

  /// A program, by its seed.
  void write_program(std::uint64_t seed) {
    Rng rng(seed);
    machine_.config = GetParam().machine;
    machine_.config.sites = kSlabTables;
    const auto ops = [&](unsigned holder, unsigned count, bool nolock) {
      std::vector<TestMachine::Op> list;
      for (unsigned i = 0; i < count; ++i) list.push_back(random_op(rng, holder, nolock));
      return list;
    };
    machine_.lane(task(0), ops(0, 24, false));
    machine_.lane(task(1), ops(1, 24, false));
    machine_.lane(nmi(0), ops(2, 4, true), true);
    machine_.lane(nmi(1), ops(3, 3, true), true);
    machine_.lane({LaneKind::reentry, 0}, ops(4, 4, true), true);
    machine_.lane({LaneKind::irq, 0}, ops(5, 3, GetParam().machine.rt), false);
  }

  std::uint64_t machine_digest() const { return machine_.digest(); }

  std::string run(std::uint64_t seed, std::uint32_t rate) {
    RandomDraws draws(seed);
    if (machine_.run({}, &draws, rate)) return {};
    const Verdict& verdict = *machine_.simulation().verdict();
    return "seed " + std::to_string(seed) + ": " + verdict.rule + ", expected " + verdict.expected +
           ", found " + verdict.found;
  }

 private:
  static constexpr unsigned kHolders = 6;
  static constexpr unsigned kSlots = 24;
  struct Object {
    unsigned char* address = nullptr;
    std::size_t size = 0;
    unsigned char pattern = 0;
  };

  TestMachine::Op random_op(Rng& rng, unsigned holder, bool nolock) {
    static constexpr std::size_t kSizes[] = {8, 64, 96, 1024, 2048, 4096, 8192, 8192};
    const std::size_t size = kSizes[rng.below(8)];
    const bool zero = rng.below(4) == 0;
    const unsigned from = rng.below(3) == 0 ? rng.below(kHolders) : holder;
    switch (rng.below(nolock ? 9 : 20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return [=, this] { return allocate(holder, size, zero, true); };
      case 5:
      case 6:
      case 7:
      case 8:
        return [=, this] { return release(from, true); };
      case 9:
        return [this]() -> std::uint64_t {
          if (Sim::preemptible()) slabs_.deferred_work_barrier();
          return 0;
        };
      case 10:
        return [=, this]() -> std::uint64_t {
          if (Sim::preemptible()) slabs_.kmem_cache_shrink(cache(size));
          return 0;
        };
      case 11:
      case 12:
      case 13:
      case 14:
        return [=, this] { return release(from, false); };
      default:
        return [=, this] { return allocate(holder, size, zero, false); };
    }
  }

  slab::Cache<M>* cache(std::size_t size) {
    return const_cast<slab::Cache<M>*>(&slabs_.bucket_cache(slab::bucket_of(size)));
  }

  void set_up() {
    page::Config config;
    config.base = machine_.simulation().memory().base();
    config.page_count = GetParam().page_count;
    config.page_shift = GetParam().page_shift;
    config.pageblock_order = 3;
    config.min_watermark = GetParam().page_count / 32;
    config.nodes = GetParam().nodes;
    pages_.init(config, page_storage_);
    grace_.init();
    slabs_.init(pages_, grace_, GetParam().slab, slab_storage_, word_storage_);
    for (auto& held : held_) held = {};
    next_pattern_ = 0;
  }

  void check() {
    for (unsigned holder = 0; holder < kHolders; ++holder) {
      while (release(holder, false) != 0) {
      }
    }
    slabs_.deferred_work_barrier();
    if (const auto wrong = slab::audit(slabs_); !wrong.empty()) stop("sound", wrong);
    for (auto* cache = slabs_.first_cache(); cache != nullptr; cache = cache->next_cache) {
      if (slab::take_census(slabs_, *cache).live() != 0) stop("nothing live", cache->name());
    }
    if (const auto wrong = page::audit(pages_); !wrong.empty()) stop("sound pages", wrong);
  }
  [[noreturn]] static void stop(const char* expected, std::string_view found) {
    Simulation::current().stop(VerdictKind::structure, "the slab test", expected,
                               std::string(found));
  }

  std::uint64_t allocate(unsigned holder, std::size_t size, bool zero, bool nolock) {
    const page::Gfp flags = zero ? page::gfp::zero : page::Gfp::none;
    void* const memory = nolock ? slabs_.kmalloc_nolock(size, flags)
                                : slabs_.kmalloc(size, page::gfp::atomic | flags);
    if (memory == nullptr) return 0;
    Object object{static_cast<unsigned char*>(memory), size, ++next_pattern_};
    for (const auto& held : held_) {
      for (const Object& other : held) {
        const bool apart = other.address == nullptr ||
                           other.address + other.size <= object.address ||
                           object.address + object.size <= other.address;
        if (!apart) stop("objects apart", "overlap");
      }
    }
    if (zero && machine::raw::find_other_hidden(memory, 0, size) != nullptr) {
      stop("zero", "dirt");
    }
    std::memset(memory, object.pattern, size);
    for (Object& slot : held_[holder]) {
      if (slot.address != nullptr) continue;
      slot = object;
      return 1;
    }
    slabs_.kfree_nolock(memory);
    return 2;
  }

  std::uint64_t release(unsigned holder, bool nolock) {
    for (Object& slot : held_[holder]) {
      if (slot.address == nullptr) continue;
      const Object object = std::exchange(slot, {});
      if (machine::raw::find_other_hidden(object.address, object.pattern, object.size) != nullptr) {
        stop("content kept", "content changed");
      }
      nolock ? slabs_.kfree_nolock(object.address) : slabs_.kfree(object.address);
      return 1;
    }
    return 0;
  }

  TestMachine machine_;
  page::PageAllocator<M> pages_;
  defer::Grace<M> grace_;
  slab::SlabAllocator<M> slabs_;
  std::vector<page::Page<M>> page_storage_{kPages};
  std::vector<slab::Slab<M>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<M>> word_storage_{slab::deferred_words(kPages, 16)};
  std::array<std::array<Object, kSlots>, kHolders> held_;
  unsigned char next_pattern_ = 0;
};

TEST_P(SlabPrograms, HoldUnderRandomDecisions) {
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    write_program(seed);
    const std::uint32_t rate = 4u << seed % 6 * 2;
    ASSERT_EQ(run(seed, rate), "") << "rate " << rate;
  }
}

TEST_P(SlabPrograms, AreDeterministic) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    write_program(seed);
    ASSERT_EQ(run(seed, 16), "");
    const std::uint64_t digest = machine_digest();
    ASSERT_EQ(run(seed, 16), "");
    ASSERT_EQ(machine_digest(), digest);
  }
}

constexpr slab::Config kEncoded{.encoded_freelist = true};
constexpr slab::Config kSheaves{.design = slab::Design::sheaves, .barn_limit = 1};
constexpr slab::Config kSheavesEncoded{
    .encoded_freelist = true, .design = slab::Design::sheaves, .barn_limit = 2};
constexpr slab::Config kSheavesOnly{.without_cas2 = slab::WithoutCas2::sheaf_only,
                                    .design = slab::Design::sheaves,
                                    .barn_limit = 1};
constexpr slab::Config kSheavesRefused{
    .without_cas2 = slab::WithoutCas2::fail, .design = slab::Design::sheaves, .barn_limit = 1};
constexpr slab::Config kSheavesDebug{
    .encoded_freelist = true, .debug = slab::kDebugFlags, .design = slab::Design::sheaves};
constexpr slab::Config kDebug{.encoded_freelist = true, .debug = slab::kDebugFlags};

INSTANTIATE_TEST_SUITE_P(
    Sim, SlabPrograms,
    ::testing::Values(
        Personality{.name = "smp", .machine = {.cpus = 2, .sites = {}}, .slab = {}},
        Personality{.name = "encoded", .machine = {.cpus = 2, .sites = {}}, .slab = kEncoded},
        Personality{.name = "nodes", .machine = {.cpus = 2, .sites = {}}, .slab = {}, .nodes = 2},
        Personality{.name = "debug", .machine = {.cpus = 2, .sites = {}}, .slab = kDebug},
        Personality{.name = "one_cpu", .machine = {.cpus = 1, .sites = {}}, .slab = kEncoded},
        Personality{.name = "up", .machine = {.cpus = 1, .smp = false, .sites = {}}, .slab = {}},
        Personality{
            .name = "rt", .machine = {.cpus = 2, .rt = true, .sites = {}}, .slab = kEncoded},
        Personality{
            .name = "no_cas2", .machine = {.cpus = 2, .cas2 = false, .sites = {}}, .slab = {}},
        Personality{.name = "no_cas2_debug",
                    .machine = {.cpus = 2, .cas2 = false, .sites = {}},
                    .slab = kDebug}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Sheaves, SlabPrograms,
    ::testing::Values(
        Personality{.name = "smp", .machine = {.cpus = 2, .sites = {}}, .slab = kSheaves},
        Personality{
            .name = "nodes", .machine = {.cpus = 2, .sites = {}}, .slab = kSheaves, .nodes = 2},
        Personality{.name = "debug", .machine = {.cpus = 2, .sites = {}}, .slab = kSheavesDebug},
        Personality{
            .name = "one_cpu", .machine = {.cpus = 1, .sites = {}}, .slab = kSheavesEncoded},
        Personality{
            .name = "up", .machine = {.cpus = 1, .smp = false, .sites = {}}, .slab = kSheaves},
        Personality{
            .name = "rt", .machine = {.cpus = 2, .rt = true, .sites = {}}, .slab = kSheavesEncoded},
        Personality{.name = "no_cas2",
                    .machine = {.cpus = 2, .cas2 = false, .sites = {}},
                    .slab = kSheaves},
        Personality{.name = "no_cas2_sheaf_only",
                    .machine = {.cpus = 2, .cas2 = false, .sites = {}},
                    .slab = kSheavesOnly},
        Personality{.name = "no_cas2_refused",
                    .machine = {.cpus = 2, .cas2 = false, .sites = {}},
                    .slab = kSheavesRefused},
        Personality{.name = "large_pages",
                    .machine = {.cpus = 2, .sites = {}},
                    .slab = kSheaves,
                    .page_shift = 16,
                    .page_count = 64}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace anyctx::inject
