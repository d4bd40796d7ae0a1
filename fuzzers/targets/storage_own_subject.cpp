// The local storage in lib/bpf as a StorageSubject.
#include <array>
#include <optional>

#include "fuzzers/targets/slab_options.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "fuzzers/targets/storage_schema.h"
#include "fuzzers/targets/storage_subject.h"
#include "lib/bpf/local_storage.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;
using Local = bpf::LocalStorage<Sim>;
using Group = page::MemCgroup<Sim>;

class OwnStorageSubject final : public StorageSubject {
 public:
  explicit OwnStorageSubject(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(stack_.pages, stack_.slabs) {}

  void reset(const StorageOptions& options) override {
    stack_.reset(simulation_.memory(), options.slabs);
    cpus_.emplace();
    memory_.emplace(stack_.slabs, *cpus_,
                    options.any_readers ? bpf::StorageReaders::any : bpf::StorageReaders::rcu);
    local_.emplace(*memory_);
    for (unsigned i = 0; i < kStorageOwners; ++i) {
      payers_[i].init({.max = options.limit == 0 ? Group::kNoLimit : options.limit});
      Local::init(owners_[i], payers_[i], i);
    }
    maps_.fill(nullptr);
  }

  bool create_map(unsigned map, const StorageMapSpec& spec) override {
    const Watched watched;
    maps_[map] = local_->create_map({spec.value_size, spec.cache_slot, spec.inherited});
    return maps_[map] != nullptr;
  }
  void destroy_map(unsigned map) override {
    const Watched watched;
    local_->destroy_map(std::exchange(maps_[map], nullptr));
  }
  void* lookup(unsigned owner, unsigned map) override {
    const Watched watched;
    return local_->lookup(owners_[owner], *maps_[map]);
  }
  int update(unsigned owner, unsigned map, const void* value, std::uint64_t flags) override {
    const Watched watched;
    return local_->update(owners_[owner], *maps_[map], value, flags);
  }
  int remove(unsigned owner, unsigned map) override {
    const Watched watched;
    return local_->remove(owners_[owner], *maps_[map]);
  }
  int fork(unsigned parent, unsigned child) override {
    const Watched watched;
    return local_->fork(owners_[parent], owners_[child], payers_[child], child);
  }
  void end_owner(unsigned owner) override {
    const Watched watched;
    local_->end_owner(owners_[owner]);
  }

  Token read_lock(bool srcu_fast) override {
    const Watched watched;
    return srcu_fast ? stack_.grace.srcu.read_lock() : stack_.grace.rcu.read_lock();
  }
  void read_unlock(bool srcu_fast, Token token) override {
    const Watched watched;
    srcu_fast ? stack_.grace.srcu.read_unlock(token) : stack_.grace.rcu.read_unlock(token);
  }
  void synchronize() override {
    const Watched watched;
    stack_.grace.srcu.synchronize();
  }
  void kvfree_rcu_barrier() override {
    const Watched watched;
    stack_.slabs.kvfree_rcu_barrier();
  }
  void* kmalloc_nolock(std::size_t size) override {
    const Watched watched;
    return stack_.slabs.kmalloc_nolock(size, page::Gfp::none);
  }
  void kfree_nolock(void* object) override {
    const Watched watched;
    stack_.slabs.kfree_nolock(object);
  }

  const void* peek(unsigned owner, unsigned map) const override {
    auto* const element = Local::peek(owners_[owner], *maps_[map]);
    return element == nullptr ? nullptr : element->value();
  }
  std::uint64_t charged(unsigned owner) const override { return payers_[owner].peek_charged(); }
  std::uint64_t held(unsigned owner) const override { return Local::peek_bytes(owners_[owner]); }
  std::uint32_t elements(unsigned owner) const override {
    return Local::peek_elements(owners_[owner]);
  }
  bool locks_idle() const override { return cpus_->idle(); }
  bool has_room() const override { return inspector_.has_room(kLargestSlabOrder, -1); }
  std::string_view audit() const override { return stack_.audit(); }
  std::int64_t live_objects() const override { return stack_.live_objects(); }

 private:
  inject::Simulation& simulation_;
  SlabStack stack_;
  OwnSlabInspector inspector_;
  std::optional<sync::RqCpus<Sim>> cpus_;
  std::optional<bpf::StorageMemory<Sim>> memory_;
  std::optional<Local> local_;
  std::array<Group, kStorageOwners> payers_;
  std::array<Local::Owner, kStorageOwners> owners_;
  std::array<Local::Map*, kStorageMaps> maps_{};
};

}  // namespace

std::unique_ptr<StorageSubject> make_own_storage_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnStorageSubject>(simulation);
}

}  // namespace anyctx::target
