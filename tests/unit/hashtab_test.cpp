// The hash table and its freelist by themselves: results, shares, locks that are not to be had, and
// NMIs at each access of an update.
#include "lib/bpf/hashtab.h"

#include <set>

#include "lib/bpf/slab_elements.h"
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using bpf::HashConfig;
using bpf::HashLocking;
using bpf::HashUpdate;
using machine::Context;

class HashTabTest : public SlabBed {
 protected:
  using Source = bpf::SlabElements<M>;
  using Table = bpf::HashTab<M, Source>;

  void SetUp() override { init(); }
  void TearDown() override {
    script().fail = nullptr;
    table.destroy();
    slabs.kvfree_rcu_barrier();
    expect_nothing_live();
    EXPECT_TRUE(cpus.idle());
  }

  int make(const HashConfig& config) { return table.init(config, source, cpus); }
  int update(std::uint64_t key, std::uint64_t value, HashUpdate flags = HashUpdate::any) {
    return table.update(key, &value, flags);
  }
  /// 0: not there.
  std::uint64_t value_of(std::uint64_t key) {
    const auto* const element = table.lookup(key);
    return element != nullptr ? element->value()[0].peek() : 0;
  }
  /// Where the elements are: each of them in one place.
  void expect_sound(std::uint32_t entries) {
    std::set<const void*> seen;
    std::uint32_t places = 0;
    for (std::uint32_t bucket = 0; bucket < table.buckets(); ++bucket) {
      EXPECT_TRUE(table.visit(bucket, 99, [&](const Table::Element& element) {
        EXPECT_EQ(table.bucket_of(element.key.peek()), bucket);
        seen.insert(&element);
        ++places;
      }));
    }
    for (unsigned list = 0; list <= M::kMaxCpus; ++list) {
      table.store().freelist().visit(list, [&](const void* node) {
        seen.insert(node);
        ++places;
      });
    }
    EXPECT_EQ(places, entries);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) seen.insert(table.store().extra(cpu));
    EXPECT_EQ(seen.size(), entries + M::cpus());
    EXPECT_EQ(seen.count(nullptr), 0u);
  }

  sync::RqCpus<M> cpus;
  Source source{slabs};
  Table table;
};

TEST_F(HashTabTest, RefusesWhatCannotBe) {
  EXPECT_EQ(make({.max_entries = 0}), -EINVAL);
  EXPECT_EQ(make({.value_words = 0}), -EINVAL);
  EXPECT_EQ(make({.max_entries = Table::kMostEntries + 1}), -E2BIG);
  EXPECT_EQ(make({.value_words = Table::kMostValueWords + 1}), -E2BIG);
  for (unsigned nth = 1; nth <= 2; ++nth) {
    script().fail = [nth, count = 0u](Site site) mutable {
      return site == bpf::site::hashtab_memory && ++count == nth;
    };
    EXPECT_EQ(make({.max_entries = 4}), -ENOMEM);
  }
}

TEST_F(HashTabTest, DoesWhatTheFlagsSay) {
  for (const bool in_advance : {true, false}) {
    ASSERT_EQ(make({.max_entries = 2, .in_advance = in_advance}), 0);
    EXPECT_EQ(update(1, 10, HashUpdate::exist), -ENOENT);
    EXPECT_EQ(update(1, 10, HashUpdate::no_exist), 0);
    EXPECT_EQ(update(1, 11, HashUpdate::no_exist), -EEXIST);
    EXPECT_EQ(value_of(1), 10u);
    EXPECT_EQ(update(1, 12, HashUpdate::exist), 0);
    EXPECT_EQ(update(1, 13, static_cast<HashUpdate>(3)), -EINVAL);
    EXPECT_EQ(value_of(1), 12u);
    EXPECT_EQ(update(2, 20), 0);
    EXPECT_EQ(update(3, 30), -E2BIG);
    EXPECT_EQ(update(2, 21), 0);
    EXPECT_EQ(table.remove(3), -ENOENT);
    EXPECT_EQ(table.remove(1), 0);
    EXPECT_EQ(value_of(1), 0u);
    EXPECT_EQ(update(3, 30), 0);
    if (in_advance) {
      expect_sound(2);
    } else {
      EXPECT_EQ(table.store().count(), 2u);
    }
    table.destroy();
  }
}

TEST_F(HashTabTest, SharesAreEqual) {
  script().cpus = 4;
  init();
  ASSERT_EQ(make({.max_entries = 6}), 0);
  for (unsigned cpu = 0; cpu < 4; ++cpu) {
    unsigned free = 0;
    table.store().freelist().visit(cpu, [&](const void*) { ++free; });
    EXPECT_EQ(free, cpu < 2 ? 2u : 1u);
  }
  expect_sound(6);
}

TEST_F(HashTabTest, NoMemoryChangesNothing) {
  ASSERT_EQ(make({.max_entries = 2, .in_advance = false}), 0);
  EXPECT_EQ(update(1, 10), 0);
  fail_always(bpf::site::hashtab_memory);
  EXPECT_EQ(update(1, 11), -ENOMEM);
  EXPECT_EQ(update(2, 20), -ENOMEM);
  EXPECT_EQ(value_of(1), 10u);
  EXPECT_EQ(table.store().count(), 1u);
}

/// Locks fail once, at each place where one is attempted: the element ends up somewhere.
TEST_F(HashTabTest, LocksThatAreNotToBeHad) {
  for (unsigned nth = 1; nth <= 4; ++nth) {
    ASSERT_EQ(make({.max_entries = 4}), 0);
    EXPECT_EQ(update(1, 10), 0);
    script().fail = [nth, count = 0u](Site site) mutable {
      return site == sync::site::rq_deadlock && ++count >= nth;
    };
    const int result = table.remove(1);
    script().fail = nullptr;
    EXPECT_EQ(result, nth == 1 ? -EDEADLK : 0);
    expect_sound(4);
    table.destroy();
  }
}

/// Updates of the same and of other buckets from NMIs at each access of an update: nobody waits,
/// and nothing is lost.
TEST_F(HashTabTest, NmisUpdateAnywhere) {
  for (const HashLocking locking : {HashLocking::resilient, HashLocking::guarded}) {
    for (const std::uint64_t key : {1u, 4u, 2u}) {  // 4 is in the bucket of 1
      bool reached = true;
      for (unsigned nth = 1; reached; ++nth) {
        ASSERT_EQ(make({.max_entries = 4, .locking = locking}), 0);
        ASSERT_EQ(table.bucket_of(1), table.bucket_of(4));
        for (const std::uint64_t present : {1u, 4u, 2u}) EXPECT_EQ(update(present, present), 0);
        reached = false;
        int nested = 0;
        std::uint64_t found = 0;
        hooks().before = [&, count = 0u](Site, Verb) mutable {
          if (++count != nth) return;
          reached = true;
          M::in_context(Context::nmi, [&] {
            nested = update(key, 50);
            found = value_of(1);
          });
        };
        EXPECT_EQ(update(1, 60), 0) << nth;
        hooks().before = nullptr;
        if (reached) {
          EXPECT_TRUE(nested == 0 || nested == -EDEADLK || nested == -EBUSY) << nested;
          EXPECT_NE(found, 0u) << nth;
        }
        if (key != 1) {
          EXPECT_EQ(value_of(key), reached && nested == 0 ? 50u : key) << nth;
          EXPECT_EQ(value_of(1), 60u) << nth;
        }
        expect_sound(4);
        table.destroy();
      }
    }
  }
}

/// A reader stands on an element that leaves its bucket and comes back in another one.
TEST_F(HashTabTest, ReadersThatAreLedAwayBeginAgain) {
  ASSERT_EQ(make({.max_entries = 4}), 0);
  EXPECT_EQ(update(4, 40), 0);
  EXPECT_EQ(update(1, 10), 0);  // in front of it
  for (unsigned nth = 1; nth <= 3; ++nth) {
    hooks().before = [&, count = 0u](Site site, Verb verb) mutable {
      if (site != bpf::site::hashtab_link || verb != Verb::load || ++count != nth) return;
      EXPECT_EQ(table.remove(1), 0);
      EXPECT_EQ(update(2, 20), 0);
    };
    EXPECT_EQ(value_of(4), 40u) << nth;
    hooks().before = nullptr;
    static_cast<void>(table.remove(2));  // the lookup may be over before
    EXPECT_EQ(update(1, 10), 0);
  }
}

}  // namespace
}  // namespace anyctx::test
