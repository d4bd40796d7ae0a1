// Random operations against a map of what is live, with everything audited on the way.
#include <map>
#include <random>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Context;
namespace gfp = page::gfp;

struct Personality {
  const char* name;
  bool rt = false;
  bool smp = true;
  bool has_cas2 = true;
  unsigned nodes = 1;
  slab::Config config;
};

class RandomOps : public SlabBed, public ::testing::WithParamInterface<Personality> {
 protected:
  struct Live {
    std::size_t size;
    std::uint8_t pattern;
    bool nolock;  // may be freed by kfree_nolock
  };

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  void add(void* object, std::size_t size, bool zeroed) {
    const auto address = reinterpret_cast<std::uintptr_t>(object);
    const auto next = live_.lower_bound(address);
    if (next != live_.end()) {
      ASSERT_LE(address + size, next->first) << "overlap";
    }
    if (next != live_.begin()) {
      const auto& [before, what] = *std::prev(next);
      ASSERT_LE(before + what.size, address) << "overlap";
    }
    if (zeroed) {
      ASSERT_EQ(machine::raw::find_other_hidden(object, 0, size), nullptr) << "not zero";
    }
    const auto pattern = static_cast<std::uint8_t>(random_());
    std::memset(object, pattern, size);
    live_[address] = {size, pattern, size <= slab::kMaxCacheSize};
  }

  void take_one() {
    static constexpr std::size_t kSizes[] = {1, 8, 24, 64, 90, 96, 128, 190, 256, 700, 2000, 8192};
    const std::size_t size = below(40) == 0 ? 8193 + below(30000) : kSizes[below(12)];
    const bool zero = below(4) == 0;
    const bool nolock = below(2) == 0;
    page::Gfp flags = zero ? gfp::zero : page::Gfp::none;
    if (below(8) == 0) flags |= gfp::reclaimable;
    const int nid = below(4) == 0 ? static_cast<int>(below(GetParam().nodes)) : page::kNoNode;
    void* object = nullptr;
    if (nolock && below(4) == 0) {
      M::in_context(Context::nmi, [&] { object = alloc_nolock(size, flags, nid); });
    } else if (nolock) {
      object = alloc_nolock(size, flags, nid);
    } else {
      object = slabs.kmalloc(size, gfp::kernel | flags, nid);
    }
    if (object != nullptr) add(object, size, zero);
  }

  void give_one() {
    if (live_.empty()) return;
    auto victim = live_.lower_bound(live_.begin()->first + random_() % (kPages << 12));
    if (victim == live_.end()) victim = live_.begin();
    const auto [address, what] = *victim;
    live_.erase(victim);
    void* const object = reinterpret_cast<void*>(address);
    ASSERT_EQ(machine::raw::find_other_hidden(object, what.pattern, what.size), nullptr)
        << "content changed";
    const unsigned how = what.nolock ? below(3) : 0;
    if (how == 0) slabs.kfree(object);
    if (how == 1) free_nolock(object);
    if (how == 2) M::in_context(Context::nmi, [&] { free_nolock(object); });
  }

  std::int64_t live_in_caches() {
    std::int64_t sum = 0;
    for (const CacheType* c = slabs.first_cache(); c != nullptr; c = c->next_cache) {
      sum += census(*c).live();
    }
    return sum;
  }
  std::int64_t live_small() const {
    return std::ranges::count_if(live_, [](const auto& entry) { return entry.second.nolock; });
  }

  std::mt19937_64 random_{1};
  std::map<std::uintptr_t, Live> live_;
};

TEST_P(RandomOps, KeepObjectsApartAndLoseNone) {
  const Personality& personality = GetParam();
  script().rt = personality.rt;
  script().smp = personality.smp;
  hooks().has_cas2 = personality.has_cas2;
  init(personality.config, personality.nodes);
  hooks().hold_interrupts = true;
  // Locks and limits fail now and then, swaps too.
  script().fail = [this](Site) { return below(50) == 0; };
  hooks().fail_swap = [this](Site, Verb) { return below(50) == 0; };
  constexpr unsigned kOps = 100000;
  for (unsigned op = 0; op < kOps && !HasFatalFailure(); ++op) {
    script().cpu = below(2);
    const unsigned phase = op / 8000 % 2;  // growing, shrinking
    below(10) < (phase == 0 ? 7u : 3u) ? take_one() : give_one();
    if (below(200) == 0) M::deliver();
    if (op % 10000 == 0) {
      ASSERT_EQ(slab::audit(slabs), "");
      ASSERT_EQ(live_in_caches(), live_small());
    }
    script().causes.clear();
  }
  script().fail = nullptr;
  hooks().fail_swap = nullptr;
  hooks().hold_interrupts = false;
  while (!live_.empty()) give_one();
  expect_nothing_live();
}

INSTANTIATE_TEST_SUITE_P(
    Slab, RandomOps,
    ::testing::Values(
        Personality{.name = "plain", .config = {}},
        Personality{.name = "encoded_two_nodes", .nodes = 2, .config = {.encoded_freelist = true}},
        Personality{.name = "debug",
                    .config = {.encoded_freelist = true, .debug = slab::kDebugFlags}},
        Personality{.name = "rt", .rt = true, .config = {.encoded_freelist = true}},
        Personality{.name = "up", .smp = false, .config = {}},
        Personality{.name = "no_cas2", .has_cas2 = false, .config = {}},
        Personality{.name = "aligned", .config = {.min_align = 128}}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace anyctx::test
