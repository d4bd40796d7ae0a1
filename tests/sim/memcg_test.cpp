// Memory cgroups on the simulated machine: random programs of tasks and handlers that charge
// objects and pages to payers who come and go, under schedules, NMIs, interrupts, probe programs,
// migrations and injected failures. What is charged in the end is what was kept.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "inject/choice/draws.h"
#include "lib/page/census.h"
#include "lib/page/memcg_sites.h"
#include "lib/slab/audit.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr unsigned kPages = 256;
constexpr std::span<const machine::SiteInfo> kTables[] = {
    machine::kOperationTable, defer::site::kTable, defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable,  slab::site::kTable,
    page::site::kMemcgTable};

struct Personality {
  const char* name;
  MachineConfig machine;
  slab::Config slab;
  std::uint64_t max;  // pages of each group
  unsigned slots;
};

class MemcgPrograms : public ::testing::TestWithParam<Personality> {
 protected:
  using M = Sim;
  using Payer = page::ObjCgroup<M>;

  MemcgPrograms() : machine_(kPages << 12) {
    machine_.setup = [this] { set_up(); };
    machine_.check = [this] { check(); };
  }

  /// A program, by its seed.
  void write_program(std::uint64_t seed) {
    Rng rng(seed);
    machine_.config = GetParam().machine;
    machine_.config.sites = kTables;
    const auto ops = [&](unsigned holder, unsigned count, bool nolock) {
      std::vector<TestMachine::Op> list;
      for (unsigned i = 0; i < count; ++i) list.push_back(random_op(rng, holder, nolock));
      return list;
    };
    machine_.lane(task(0), ops(0, 20, false));
    machine_.lane(task(1), ops(1, 20, false));
    machine_.lane(nmi(0), ops(2, 4, true), true);
    machine_.lane(nmi(1), ops(3, 3, true), true);
    machine_.lane({LaneKind::reentry, 0}, ops(4, 4, true), true);
    machine_.lane({LaneKind::irq, 0}, ops(5, 3, GetParam().machine.rt), GetParam().machine.rt);
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
  static constexpr unsigned kPayers = 6;
  struct Held {
    void* object = nullptr;
    page::Page<M>* page = nullptr;
    unsigned order = 0;
  };

  TestMachine::Op random_op(Rng& rng, unsigned holder, bool nolock) {
    static constexpr std::size_t kSizes[] = {8, 64, 200, 512, 1024, 4096, 8192, 8192};
    const std::size_t size = kSizes[rng.below(8)];
    const unsigned order = rng.below(3);
    const unsigned from = rng.below(3) == 0 ? rng.below(kHolders) : holder;
    const bool reclaimable = rng.below(2) == 0;
    const bool waits = !nolock && rng.below(2) == 0;
    switch (rng.below(nolock ? 9 : 11)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return [=, this] { return allocate(holder, size, reclaimable, waits); };
      case 4:
        return [=, this] { return take_pages(holder, order, waits); };
      case 5:
      case 6:
      case 7:
      case 8:
        return [=, this] { return release(from, waits); };
      case 9:
        return [this]() -> std::uint64_t {
          if (Sim::preemptible()) memcg_.drain_stock(page::Spin::allowed);
          return 0;
        };
      default:
        return [this] { return end_payer(); };
    }
  }

  /// Each lane's, but for handlers with the index 1: nobody's.
  Payer* current() {
    const Lane lane = machine_.simulation().frame().where.lane;
    if (lane.kind != LaneKind::task && lane.index == 1) return nullptr;
    return &payers_[__atomic_load_n(&current_, __ATOMIC_ACQUIRE) + lane.index % 2];
  }

  void set_up() {
    page::Config config;
    config.base = machine_.simulation().memory().base();
    config.page_count = kPages;
    config.pageblock_order = 3;
    config.min_watermark = 8;
    pages_.init(config, page_storage_);
    const std::uint64_t max = GetParam().max;
    top_.init({.max = max + max / 2});
    for (auto& group : groups_) group.init({.max = max, .high = max / 2}, &top_);
    memcg_.init({.current = [](void* self) { return static_cast<MemcgPrograms*>(self)->current(); },
                 .owner = this,
                 .page_slots = GetParam().slots,
                 .object_slots = GetParam().slots});
    pages_.account_to(memcg_);
    grace_.init();
    slabs_.init(pages_, grace_, GetParam().slab, slab_storage_, word_storage_);
    for (unsigned i = 0; i < kPayers; ++i) memcg_.bring_online(payers_[i], groups_[i % 2]);
    current_ = 0;
    busy_ = 0;
    for (auto& held : held_) held = {};
  }

  void check() {
    for (unsigned holder = 0; holder < kHolders; ++holder) {
      while (release(holder, true) != 0) {
      }
    }
    slabs_.deferred_work_barrier();
    for (unsigned i = current_; i < kPayers; ++i) {
      memcg_.take_offline(payers_[i], page::Spin::allowed);
    }
    memcg_.drain_unused_stocks();
    for (const Payer& payer : payers_) {
      if (payer.peek_references() != 0) stop("no references", "some");
      if (payer.peek_bytes() != 0) stop("no bytes", std::to_string(payer.peek_bytes()));
      if (!payer.peek_released()) stop("payer released", "not");
    }
    for (const auto* group : {&top_, &groups_[0], &groups_[1]}) {
      if (group->peek_charged() != 0)
        stop("nothing charged", std::to_string(group->peek_charged()));
    }
    if (const auto wrong = slab::audit(slabs_); !wrong.empty()) stop("sound", wrong);
    if (const auto wrong = page::audit(pages_); !wrong.empty()) stop("sound pages", wrong);
    check_vectors();
  }

  /// Each live object of the internal family is the vector of one slab.
  void check_vectors() {
    std::int64_t vectors = 0;
    slab::for_each_slab(slabs_, [&](const slab::Slab<M>& slab) {
      const bool has_vector = slab::ObjectCharge<M>::peek_vector(slab) != nullptr;
      if (has_vector && !slabs_.charge().peek_in_tail(slab)) ++vectors;
    });
    for (unsigned bucket = 0; bucket < slab::kBuckets; ++bucket) {
      vectors -=
          slab::take_census(slabs_, slabs_.bucket_cache(bucket, slab::Family::internal)).live();
    }
    if (vectors != 0) stop("no vector lost", std::to_string(-vectors));
  }
  [[noreturn]] static void stop(const char* expected, std::string_view found) {
    Simulation::current().stop(VerdictKind::counter, "the memcg test", expected,
                               std::string(found));
  }

  std::uint64_t keep(unsigned holder, const Held& held) {
    for (Held& slot : held_[holder]) {
      if (slot.object != nullptr || slot.page != nullptr) continue;
      slot = held;
      return 1;
    }
    give_back(held, false);
    return 2;
  }

  std::uint64_t allocate(unsigned holder, std::size_t size, bool reclaimable, bool waits) {
    ++busy_;
    page::Gfp gfp = page::gfp::account;
    if (reclaimable) gfp |= page::gfp::reclaimable;  // no accounted cache: vectors come late
    void* const object =
        waits ? slabs_.kmalloc(size, page::gfp::atomic | gfp) : slabs_.kmalloc_nolock(size, gfp);
    --busy_;
    return object == nullptr ? 0 : keep(holder, {.object = object});
  }
  std::uint64_t take_pages(unsigned holder, unsigned order, bool waits) {
    ++busy_;
    page::Page<M>* const page =
        waits ? pages_.alloc_pages(page::gfp::atomic | page::gfp::account, page::kNoNode, order)
              : pages_.alloc_pages_nolock(page::gfp::account, page::kNoNode, order);
    --busy_;
    return page == nullptr ? 0 : keep(holder, {.page = page, .order = order});
  }

  std::uint64_t release(unsigned holder, bool waits) {
    for (Held& slot : held_[holder]) {
      if (slot.object == nullptr && slot.page == nullptr) continue;
      give_back(std::exchange(slot, {}), waits);
      return 1;
    }
    return 0;
  }
  void give_back(const Held& held, bool waits) {
    if (held.object != nullptr) {
      waits ? slabs_.kfree(held.object) : slabs_.kfree_nolock(held.object);
    } else {
      waits ? pages_.free_pages(held.page, held.order)
            : pages_.free_pages_nolock(held.page, held.order);
    }
  }

  /// The payers that are current go, the next ones come; not while anybody asks for memory.
  std::uint64_t end_payer() {
    if (busy_ != 0 || current_ + 2 >= kPayers) return 0;
    const unsigned old = current_;
    __atomic_store_n(&current_, old + 2, __ATOMIC_RELEASE);
    memcg_.take_offline(payers_[old], page::Spin::never);
    memcg_.take_offline(payers_[old + 1], page::Spin::never);
    return 1;
  }

  TestMachine machine_;
  page::PageAllocator<M> pages_;
  defer::Grace<M> grace_;
  slab::SlabAllocator<M> slabs_;
  page::Memcg<M> memcg_;
  page::MemCgroup<M> top_;
  page::MemCgroup<M> groups_[2];
  std::array<Payer, kPayers> payers_;
  unsigned current_ = 0;  // of the payers: this one and the next
  unsigned busy_ = 0;     // allocations in progress
  std::vector<page::Page<M>> page_storage_{kPages};
  std::vector<slab::Slab<M>> slab_storage_{kPages};
  std::vector<slab::DeferredWord<M>> word_storage_{slab::deferred_words(kPages, 12)};
  std::array<std::array<Held, kSlots>, kHolders> held_;
};

TEST_P(MemcgPrograms, HoldUnderRandomDecisions) {
  for (std::uint64_t seed = 0; seed < 800; ++seed) {
    write_program(seed);
    const std::uint32_t rate = 4u << seed % 6 * 2;
    ASSERT_EQ(run(seed, rate), "") << "rate " << rate;
  }
}

TEST_P(MemcgPrograms, AreDeterministic) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    write_program(seed);
    ASSERT_EQ(run(seed, 16), "");
    const std::uint64_t digest = machine_digest();
    ASSERT_EQ(run(seed, 16), "");
    ASSERT_EQ(machine_digest(), digest);
  }
}

constexpr slab::Config kDebug{.encoded_freelist = true, .debug = slab::kDebugFlags};

INSTANTIATE_TEST_SUITE_P(
    Sim, MemcgPrograms,
    ::testing::Values(Personality{"one_slot", {.cpus = 2, .sites = {}}, {}, 20, 1},
                      Personality{"all_slots", {.cpus = 2, .sites = {}}, {}, 20, 5},
                      Personality{"tight", {.cpus = 2, .sites = {}}, {}, 2, 1},
                      Personality{"wide", {.cpus = 2, .sites = {}}, {}, 100, 2},
                      Personality{"debug", {.cpus = 2, .sites = {}}, kDebug, 20, 1},
                      Personality{"one_cpu", {.cpus = 1, .sites = {}}, {}, 10, 1},
                      Personality{"up", {.cpus = 1, .smp = false, .sites = {}}, {}, 10, 1},
                      Personality{"rt", {.cpus = 2, .rt = true, .sites = {}}, {}, 10, 1},
                      Personality{"no_cas2", {.cpus = 2, .cas2 = false, .sites = {}}, {}, 10, 1}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace anyctx::inject
