#include "fuzzers/targets/storage_world.h"

#include <cstring>
#include <iterator>

#include "fuzzers/engine/target.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "inject/sim/sim_machine.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::Sim;

namespace {

Outcome outcome_of(int result) {
  return {result == 0 ? Outcome::Kind::done : Outcome::Kind::failed,
          static_cast<std::uint64_t>(-result)};
}

}  // namespace

class StorageWorld::Use {
 public:
  explicit Use(Place& place) : place_(place), is_open_(place.open) {
    if (is_open_) place_.users.enter();
  }
  ~Use() {
    if (is_open_) place_.users.leave();
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  [[nodiscard]] bool is_open() const { return is_open_; }

 private:
  Place& place_;
  bool is_open_;
};

class StorageWorld::Closing {
 public:
  explicit Closing(Place& place) : place_(place), is_closed_(place.open && !place.users.any()) {
    if (is_closed_) place_.open = false;
  }
  ~Closing() {
    if (!is_closed_) return;
    place_.users.open();
    place_.open = true;
  }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;
  [[nodiscard]] bool is_closed() const { return is_closed_; }

 private:
  Place& place_;
  bool is_closed_;
};

class StorageWorld::Section {
 public:
  Section(StorageSubject& subject, bool srcu_fast)
      : subject_(subject), srcu_fast_(srcu_fast), token_(subject.read_lock(srcu_fast)) {}
  ~Section() { subject_.read_unlock(srcu_fast_, token_); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  StorageSubject& subject_;
  bool srcu_fast_;
  StorageSubject::Token token_;
};

void StorageWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kStorageSchema, program, name);
  };
  StorageOptions options;
  options.slabs.page_count = value("pages");
  options.slabs.encoded_freelist = value("encoded") != 0;
  options.slabs.sheaves = value("design") != 0;
  options.slabs.without_cas2 = static_cast<WithoutCas2>(value("without_cas2"));
  options.slabs.debug = CacheDebug::of(value("debug"));
  options.any_readers = value("readers") != 0;
  options.limit = value("limit");
  subject_->reset(options);
  pairs_.reset();
  users_.open();
  size_ = value("size");
  any_readers_ = options.any_readers;
  may_be_refused_ = options.limit != 0 || (!simulation_.config().cas2 &&
                                           options.slabs.without_cas2 != WithoutCas2::try_lock);
  same_slot_ = value("same_slot") != 0;
  has_stragglers_.fill(false);
  for (Place& owner : owners_) {
    owner.users.open();
    owner.open = true;
  }
  for (unsigned map = 0; map < kStorageMaps; ++map) {
    maps_[map].users.open();
    maps_[map].ending = false;  // the last run may have been abandoned there
    maps_[map].open = create_map(map);
  }
  closed_ = false;
}

bool StorageWorld::create_map(unsigned map) {
  return subject_->create_map(
      map, {.value_size = size_, .cache_slot = same_slot_ ? 0 : map, .inherited = map != 1});
}

Outcome StorageWorld::perform(const program::Op& op, Lane) {
  if (closed_) return {Outcome::Kind::vacuous};
  users_.enter();
  const Outcome outcome = dispatch(op);
  if (outcome.kind != Outcome::Kind::vacuous) judge_charges();
  users_.leave();
  return outcome;
}

Outcome StorageWorld::dispatch(const program::Op& op) {
  const auto& args = op.args;
  switch (static_cast<StorageOp>(op.code)) {
    case StorageOp::update:
      return update(args[0], args[1], args[2]);
    case StorageOp::remove:
      return remove(args[0], args[1]);
    case StorageOp::lookup:
      return lookup(args[0], args[1], args[2] != 0, args[3]);
    case StorageOp::end_owner:
      return end_owner(args[0]);
    case StorageOp::destroy_map:
      return destroy_map(args[0]);
    case StorageOp::fork:
      return fork(args[0], args[1]);
    case StorageOp::churn:
      return churn(args[0]);
    case StorageOp::synchronize:
      subject_->synchronize();
      return {};
  }
  return {Outcome::Kind::vacuous};
}

// Values.

Outcome StorageWorld::update(unsigned owner, unsigned map, std::uint32_t flags) {
  const Use uses_owner(owners_[owner]);
  const Use uses_map(maps_[map]);
  if (!uses_owner.is_open() || !uses_map.is_open()) return {Outcome::Kind::vacuous};
  const std::uint32_t number = pairs_.make_value(owner, map);
  if (number == 0) return {Outcome::Kind::vacuous};
  const bool has_excuse = could_fail();
  const std::uint32_t before = pairs_.value(owner, map);
  const StoragePairs::Window window = pairs_.begin_change(owner, map);
  std::byte bytes[2048];
  fill(bytes, number);
  const int result = subject_->update(owner, map, bytes, flags);
  judge_update(result, flags, pairs_.is_exact(window, owner, map), before, has_excuse);
  settle(owner, map, window, result == 0 ? number : before);
  return outcome_of(result);
}

Outcome StorageWorld::remove(unsigned owner, unsigned map) {
  const Use uses_owner(owners_[owner]);
  const Use uses_map(maps_[map]);
  if (!uses_owner.is_open() || !uses_map.is_open()) return {Outcome::Kind::vacuous};
  const bool has_excuse = could_fail();
  const std::uint32_t before = pairs_.value(owner, map);
  const StoragePairs::Window window = pairs_.begin_change(owner, map);
  const int result = subject_->remove(owner, map);
  judge_remove(result, pairs_.is_exact(window, owner, map), before, has_excuse);
  settle(owner, map, window, result == 0 ? 0 : before);
  return outcome_of(result);
}

/// Then uses what it found, as a reader only: owner and map may end meanwhile.
Outcome StorageWorld::lookup(unsigned owner, unsigned map, bool srcu_fast, std::uint32_t looks) {
  if (srcu_fast && !any_readers_) return {Outcome::Kind::vacuous};
  const Section section(*subject_, srcu_fast);
  const void* value = nullptr;
  std::uint32_t number = 0;
  {
    const Use uses_owner(owners_[owner]);
    const Use uses_map(maps_[map]);
    if (!uses_owner.is_open() || !uses_map.is_open()) return {Outcome::Kind::vacuous};
    const std::uint32_t before = pairs_.value(owner, map);
    const StoragePairs::Window window = pairs_.begin_look(owner, map);
    value = subject_->lookup(owner, map);
    number = number_of(value);
    judge_lookup(number, pairs_.is_exact(window, owner, map), before);
  }
  if (value == nullptr) return {};
  for (std::uint32_t i = 0; i <= looks; ++i) {
    judge_value(value, owner, map, number);
    if (i < looks) Sim::probe(site::look);
  }
  return {Outcome::Kind::done, number};
}

// Ends.

Outcome StorageWorld::end_owner(unsigned owner) {
  const Closing closing(owners_[owner]);
  if (!closing.is_closed()) return {Outcome::Kind::vacuous};
  end(owner);
  return {};
}

void StorageWorld::end(unsigned owner) {
  subject_->end_owner(owner);
  has_stragglers_[owner] = false;
  for (unsigned map = 0; map < kStorageMaps; ++map) pairs_.set(owner, map, 0);
}

/// Another one takes its place, or does once there is memory.
Outcome StorageWorld::destroy_map(unsigned map) {
  Place& place = maps_[map];
  if (place.ending || place.users.any()) return {Outcome::Kind::vacuous};
  place.ending = true;
  if (place.open) {
    place.open = false;
    destroy(map);
  }
  const bool exists = create_map(map);
  place.users.open();
  place.open = exists;
  place.ending = false;
  return {exists ? Outcome::Kind::done : Outcome::Kind::failed};
}

void StorageWorld::destroy(unsigned map) {
  for (unsigned owner = 0; owner < kStorageOwners; ++owner) pairs_.set(owner, map, 0);
  subject_->destroy_map(map);
  // Those that the owner's list could not be locked for stay there.
  if (missed_lock()) has_stragglers_.fill(true);
}

/// The child takes an owner's place.
Outcome StorageWorld::fork(unsigned parent, unsigned child) {
  if (parent == child) return {Outcome::Kind::vacuous};
  const Use uses_parent(owners_[parent]);
  const Use uses_maps[] = {Use(maps_[0]), Use(maps_[1]), Use(maps_[2])};
  static_assert(std::size(uses_maps) == kStorageMaps);
  bool all_open = uses_parent.is_open();
  for (const Use& use : uses_maps) all_open = all_open && use.is_open();
  const Closing closing(owners_[child]);
  if (!all_open || !closing.is_closed()) return {Outcome::Kind::vacuous};
  end(child);
  const bool has_excuse = could_fail();
  std::array<StoragePairs::Window, kStorageMaps> windows;
  std::array<std::uint32_t, kStorageMaps> before;
  for (unsigned map = 0; map < kStorageMaps; ++map) {
    windows[map] = pairs_.begin_look(parent, map);
    before[map] = pairs_.value(parent, map);
  }
  const int result = subject_->fork(parent, child);
  judge_fork(result, child, has_excuse);
  for (unsigned map = 0; map < kStorageMaps; ++map) {
    const bool is_exact = pairs_.is_exact(windows[map], parent, map);
    judge_inherited(result, parent, child, map, is_exact ? &before[map] : nullptr);
  }
  return outcome_of(result);
}

/// Others use memory of the same size, and leave it dirty.
Outcome StorageWorld::churn(std::uint32_t count) {
  const std::size_t bytes = size_ + 104;
  std::uint32_t served = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    void* const object = subject_->kmalloc_nolock(bytes);
    if (object == nullptr) continue;
    ++served;
    std::memset(object, 0xee, bytes);
    subject_->kfree_nolock(object);
  }
  return {served != 0 ? Outcome::Kind::done : Outcome::Kind::failed, served};
}

void StorageWorld::finish() {
  closed_ = true;
  judge_charges();
  // Some end before the maps, some after them.
  for (unsigned owner = 0; owner < kStorageOwners; owner += 2) end(owner);
  for (unsigned map = 0; map < kStorageMaps; ++map) {
    if (maps_[map].open) destroy(map);
  }
  for (unsigned owner = 1; owner < kStorageOwners; owner += 2) end(owner);
  subject_->kvfree_rcu_barrier();
  judge_rest();
}

}  // namespace anyctx::target
