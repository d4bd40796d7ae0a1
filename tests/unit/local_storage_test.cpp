// Local storage: values, flags, failures that leave nothing, and lists that end at the same time.
#include "lib/bpf/local_storage.h"

#include <optional>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

namespace bpf_site = bpf::site;

constexpr std::uint64_t kAny = 0;
constexpr std::uint64_t kIfAbsent = 1;
constexpr std::uint64_t kIfPresent = 2;

class LocalStorageTest : public SlabBed {
 protected:
  using Local = bpf::LocalStorage<M>;
  using Owner = bpf::StorageOwner<M>;
  using Map = bpf::StorageMap<M>;
  using Storage = bpf::OwnerStorage<M>;
  using Group = page::MemCgroup<M>;

  static constexpr unsigned kOwners = 3;
  static constexpr unsigned kMaps = 2;

  void set_up(std::uint64_t most = Group::kNoLimit, const slab::Config& config = {}) {
    init(config);
    memory_.emplace(slabs, cpus_, bpf::StorageReaders::any);
    local_.emplace(*memory_);
    for (unsigned i = 0; i < kOwners; ++i) {
      payers_[i].init({.max = most});
      Local::init(owners_[i], payers_[i], i);
    }
    for (unsigned i = 0; i < kMaps; ++i) {
      maps_[i] = local_->create_map({.value_size = 16, .cache_slot = 1, .inherited = i == 0});
      ASSERT_NE(maps_[i], nullptr);
    }
  }
  /// Nothing may be left of anything.
  void take_down(bool owners_first = true) {
    script().fail = nullptr;
    if (owners_first) end_owners();
    for (Map*& map : maps_) {
      if (map != nullptr) local_->destroy_map(std::exchange(map, nullptr));
    }
    end_owners();
    slabs.kvfree_rcu_barrier();
    for (const Group& payer : payers_) EXPECT_EQ(payer.peek_charged(), 0u);
    EXPECT_TRUE(cpus_.idle());
    expect_nothing_live();
  }
  void end_owners() {
    for (Owner& owner : owners_) local_->end_owner(owner);
  }

  int update(unsigned owner, unsigned map, std::uint64_t value, std::uint64_t flags = kAny) {
    const std::uint64_t words[2] = {value, ~value};
    return local_->update(owners_[owner], *maps_[map], words, flags);
  }
  int remove(unsigned owner, unsigned map) { return local_->remove(owners_[owner], *maps_[map]); }
  /// 0: none.
  std::uint64_t value(unsigned owner, unsigned map) {
    const auto* const words =
        static_cast<const std::uint64_t*>(local_->lookup(owners_[owner], *maps_[map]));
    if (words == nullptr) return 0;
    EXPECT_EQ(words[1], ~words[0]);
    return words[0];
  }
  std::uint64_t charge(unsigned elements) const {
    return sizeof(Storage) + elements * (sizeof(bpf::StorageElement<M>) + 16);
  }
  /// The nth limit of this kind from now on fails.
  static void fail_once(Site site, unsigned nth = 1) {
    script().fail = [=, count = 0u](Site at) mutable { return at == site && ++count == nth; };
  }

  sync::RqCpus<M> cpus_;
  std::optional<bpf::StorageMemory<M>> memory_;
  std::optional<Local> local_;
  Group payers_[kOwners];
  Owner owners_[kOwners];
  Map* maps_[kMaps] = {};
};

TEST_F(LocalStorageTest, FindsWhatWasStored) {
  set_up();
  EXPECT_EQ(value(0, 0), 0u);
  EXPECT_EQ(update(0, 0, 1), 0);
  EXPECT_EQ(update(0, 1, 2), 0);
  EXPECT_EQ(update(1, 0, 3), 0);
  for (int i = 0; i < 2; ++i) {  // both maps have the same place in the cache
    EXPECT_EQ(value(0, 0), 1u);
    EXPECT_EQ(value(0, 1), 2u);
    EXPECT_EQ(value(1, 0), 3u);
    EXPECT_EQ(value(1, 1), 0u);
  }
  EXPECT_EQ(update(0, 0, 4), 0);
  EXPECT_EQ(value(0, 0), 4u);
  EXPECT_EQ(payers_[0].peek_charged(), charge(2));
  EXPECT_EQ(Local::peek_bytes(owners_[0]), charge(2));
  EXPECT_EQ(remove(0, 0), 0);
  EXPECT_EQ(value(0, 0), 0u);
  EXPECT_EQ(value(0, 1), 2u);
  EXPECT_EQ(remove(0, 0), -ENOENT);
  EXPECT_EQ(payers_[0].peek_charged(), charge(1));
  take_down();
}

TEST_F(LocalStorageTest, Flags) {
  set_up();
  EXPECT_EQ(update(0, 0, 1, kIfPresent), -ENOENT);
  EXPECT_EQ(payers_[0].peek_charged(), 0u);
  EXPECT_EQ(update(0, 0, 1, kIfAbsent), 0);
  EXPECT_EQ(update(0, 0, 2, kIfAbsent), -EEXIST);
  EXPECT_EQ(update(0, 1, 2, kIfPresent), -ENOENT);
  EXPECT_EQ(update(0, 0, 3, kIfPresent), 0);
  EXPECT_EQ(update(0, 0, 4, 3), -EINVAL);
  EXPECT_EQ(value(0, 0), 3u);
  take_down();
}

TEST_F(LocalStorageTest, FailuresLeaveNothingBehind) {
  set_up();
  struct Case {
    Site site;
    unsigned nth;
    int error;
  };
  for (const Case& failing :
       {Case{bpf_site::storage_element, 1, -ENOMEM}, Case{bpf_site::storage_owner, 1, -ENOMEM},
        Case{page::site::memcg_limit, 1, -ENOMEM}, Case{page::site::memcg_limit, 2, -ENOMEM},
        Case{sync::site::rq_deadlock, 1, -EDEADLK}, Case{sync::site::rq_timeout, 1, -ETIMEDOUT}}) {
    fail_once(failing.site, failing.nth);
    EXPECT_EQ(update(0, 0, 1), failing.error);
    EXPECT_EQ(payers_[0].peek_charged(), 0u);
    EXPECT_EQ(owners_[0].storage.peek(), nullptr);
  }
  script().fail = nullptr;
  EXPECT_EQ(update(0, 0, 1), 0);
  for (const unsigned nth : {1u, 2u}) {  // the owner's lock, the bucket's
    fail_once(sync::site::rq_deadlock, nth);
    EXPECT_EQ(update(0, 0, 2), -EDEADLK);
    fail_once(sync::site::rq_deadlock, nth);
    EXPECT_EQ(remove(0, 0), -EDEADLK);
    EXPECT_EQ(value(0, 0), 1u);
    EXPECT_EQ(payers_[0].peek_charged(), charge(1));
  }
  take_down();
}

TEST_F(LocalStorageTest, WhoComesSecondTriesAgain) {
  set_up();
  before_in_nmi(
      bpf_site::storage_link, Verb::cas, [this] { EXPECT_EQ(update(0, 1, 7), 0); }, 1);
  EXPECT_EQ(update(0, 0, 1), -EAGAIN);
  EXPECT_EQ(value(0, 1), 7u);
  EXPECT_EQ(payers_[0].peek_charged(), charge(1));
  EXPECT_EQ(update(0, 0, 1), 0);
  take_down();
}

TEST_F(LocalStorageTest, InsideItsOwnLocks) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  int inner = 0;
  before_in_nmi(
      bpf_site::storage_link, Verb::store, [&] { inner = update(0, 0, 2); }, 4);
  EXPECT_EQ(update(0, 0, 3), 0);
  EXPECT_EQ(inner, -EDEADLK);
  EXPECT_EQ(value(0, 0), 3u);
  take_down();
}

TEST_F(LocalStorageTest, AnOwnerMayNotHaveMore) {
  set_up(250);
  EXPECT_EQ(update(0, 0, 1), 0);
  EXPECT_EQ(update(0, 1, 2), -ENOMEM);
  EXPECT_EQ(payers_[0].peek_charged(), charge(1));
  take_down();
}

TEST_F(LocalStorageTest, ReadersKeepWhatTheyFound) {
  set_up();
  EXPECT_EQ(update(0, 0, 5), 0);
  const auto token = grace.srcu.read_lock();
  const auto* const found =
      static_cast<const std::uint64_t*>(local_->lookup(owners_[0], *maps_[0]));
  EXPECT_EQ(remove(0, 0), 0);
  EXPECT_EQ(update(0, 0, 6), 0);
  EXPECT_EQ(found[0], 5u);
  grace.srcu.read_unlock(token);
  take_down();
}

TEST_F(LocalStorageTest, MapsEndFirst) {
  set_up();
  for (unsigned owner = 0; owner < kOwners; ++owner) EXPECT_EQ(update(owner, 0, owner + 1), 0);
  local_->destroy_map(std::exchange(maps_[0], nullptr));
  EXPECT_EQ(payers_[0].peek_charged(), sizeof(Storage));
  take_down(false);
}

// The four ways in which the two ends can fail to get a lock: the element is freed once, by the end
// that comes last.
TEST_F(LocalStorageTest, AMapThatDoesNotGetTheOwnersLock) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  fail_once(sync::site::rq_deadlock, 1);
  local_->destroy_map(std::exchange(maps_[0], nullptr));
  EXPECT_EQ(payers_[0].peek_charged(), charge(1)) << "the owner still has it";
  EXPECT_EQ(update(0, 1, 2), 0);
  EXPECT_EQ(value(0, 1), 2u);
  take_down();
}
TEST_F(LocalStorageTest, AMapThatDoesNotGetItsOwnLock) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  fail_once(sync::site::rq_deadlock, 2);
  local_->destroy_map(std::exchange(maps_[0], nullptr));
  EXPECT_EQ(payers_[0].peek_charged(), sizeof(Storage));
  take_down();
}
TEST_F(LocalStorageTest, AMapThatGetsNoLockAtAll) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  EXPECT_EQ(update(0, 1, 1), 0);
  fail_always(sync::site::rq_deadlock);
  local_->destroy_map(std::exchange(maps_[0], nullptr));
  EXPECT_EQ(payers_[0].peek_charged(), charge(2));
  take_down();
}
TEST_F(LocalStorageTest, AnOwnerThatGetsNoLockAtAll) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  EXPECT_EQ(update(0, 1, 1), 0);
  fail_always(sync::site::rq_deadlock);
  local_->end_owner(owners_[0]);
  EXPECT_EQ(payers_[0].peek_charged(), 0u) << "whoever has the memory, the owner is gone";
  take_down();
}
TEST_F(LocalStorageTest, BothGetNoLockAtAll) {
  for (const bool owner_first : {false, true}) {
    set_up();
    EXPECT_EQ(update(0, 0, 1), 0);
    fail_always(sync::site::rq_deadlock);
    if (owner_first) local_->end_owner(owners_[0]);
    local_->destroy_map(std::exchange(maps_[0], nullptr));
    if (!owner_first) local_->end_owner(owners_[0]);
    take_down();
  }
}

TEST_F(LocalStorageTest, AChildInheritsCopies) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  EXPECT_EQ(update(0, 1, 2), 0);
  EXPECT_EQ(local_->fork(owners_[0], owners_[1], payers_[1], 1), 0);
  EXPECT_EQ(value(1, 0), 1u);
  EXPECT_EQ(value(1, 1), 0u) << "not every map's values are inherited";
  EXPECT_EQ(payers_[1].peek_charged(), charge(1));
  EXPECT_EQ(update(1, 0, 3), 0);
  EXPECT_EQ(value(0, 0), 1u);
  take_down();
}

TEST_F(LocalStorageTest, AChildThatFailsLeavesItsParentAlone) {
  set_up();
  EXPECT_EQ(update(0, 0, 1), 0);
  for (const Site site :
       {bpf_site::storage_fork, bpf_site::storage_element, bpf_site::storage_owner}) {
    fail_once(site);
    EXPECT_EQ(local_->fork(owners_[0], owners_[1], payers_[1], 1), -ENOMEM);
    script().fail = nullptr;
    EXPECT_EQ(owners_[1].storage.peek(), nullptr);
    EXPECT_EQ(payers_[1].peek_charged(), 0u);
    EXPECT_EQ(value(0, 0), 1u);
    EXPECT_EQ(payers_[0].peek_charged(), charge(1));
  }
  take_down();
}

// Without a double-word swap: what the allocator makes of it decides.
TEST_F(LocalStorageTest, WithoutDoubleWordSwaps) {
  for (const slab::Design design : {slab::Design::classic, slab::Design::sheaves}) {
    for (const auto how : {slab::WithoutCas2::fail, slab::WithoutCas2::try_lock}) {
      slab::Config config;
      config.design = design;
      config.without_cas2 = how;
      set_up(Group::kNoLimit, config);
      hooks().has_cas2 = false;
      const bool serves = how != slab::WithoutCas2::fail;
      EXPECT_EQ(update(0, 0, 1), serves ? 0 : -ENOMEM);
      EXPECT_EQ(payers_[0].peek_charged(), serves ? charge(1) : 0u);
      take_down();
      hooks().has_cas2 = true;
    }
  }
}

}  // namespace
}  // namespace anyctx::test
