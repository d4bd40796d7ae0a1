// StorageMemory: what local storage takes from the allocators, and who pays for it.
#pragma once

#include <cstring>
#include <new>

#include "lib/bpf/local_storage_map.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::bpf {

/// Whom frees wait for.
enum class StorageReaders : std::uint8_t {
  rcu,  // readers of RCU only
  any,  // those of SRCU-fast, too
};

/// Every context. Nothing is owned.
template <machine::Machine M>
class StorageMemory {
 public:
  using Element = StorageElement<M>;
  using Storage = OwnerStorage<M>;

  StorageMemory(slab::SlabAllocator<M>& slabs, sync::RqCpus<M>& cpus, StorageReaders readers)
      : slabs_(&slabs), cpus_(&cpus), readers_(readers) {}

  slab::SlabAllocator<M>& slabs() const { return *slabs_; }
  sync::RqCpus<M>& cpus() const { return *cpus_; }

  /// An element that nobody knows; null: no memory, or the owner may not have that much.
  Element* make_element(const StorageOwner<M>& owner, StorageMap<M>& map, const void* value) {
    const std::uint32_t bytes = map.element_bytes();
    void* const memory = allocate(*owner.payer, bytes, site::storage_element);
    if (memory == nullptr) return nullptr;
    Element& element = *::new (memory) Element;
    element.map.store(&map, std::memory_order_relaxed);
    element.payer = owner.payer;
    element.bytes = bytes;
    element.owner_number = owner.number;
    element.cache_slot = map.config().cache_slot;
    std::memcpy(element.value(), value, map.config().value_size);
    return &element;
  }
  Storage* make_storage(const StorageOwner<M>& owner) {
    void* const memory = allocate(*owner.payer, sizeof(Storage), site::storage_owner);
    return memory == nullptr ? nullptr : ::new (memory) Storage(*cpus_);
  }

  /// What nobody ever knew of.
  void discard(Element& element) {
    page::MemCgroup<M>& payer = *element.payer;
    const std::uint32_t bytes = element.bytes;
    slabs_->kfree_nolock(&element);
    payer.uncharge(bytes);
  }
  void discard(Storage& storage, const StorageOwner<M>& owner) {
    slabs_->kfree_nolock(&storage);
    owner.payer->uncharge(sizeof(Storage));
  }

  /// Once readers are gone. It does not count as the owner's any more.
  void release(Element& element) { release(&element.waiting); }
  void release(Storage& storage, const StorageOwner<M>& owner) {
    owner.payer->uncharge(sizeof(Storage));
    release(&storage.waiting);
  }

  /// Returns when no reader of before is left. Sleeps.
  void synchronize() { slabs_->grace().srcu.synchronize(); }

 private:
  void* allocate(page::MemCgroup<M>& payer, std::size_t bytes, machine::Site site) {
    if (!payer.try_charge(bytes)) return nullptr;
    void* const memory =
        M::fails(site, false) ? nullptr : slabs_->kmalloc_nolock(bytes, page::Gfp::none);
    if (memory == nullptr) payer.uncharge(bytes);
    return memory;
  }
  void release(defer::LlistNode* waiting) {
    readers_ == StorageReaders::any ? slabs_->kfree_srcu_fast_nolock(waiting)
                                    : slabs_->kfree_rcu_nolock(waiting);
  }

  slab::SlabAllocator<M>* slabs_;
  sync::RqCpus<M>* cpus_;
  StorageReaders readers_;
};

}  // namespace anyctx::bpf
