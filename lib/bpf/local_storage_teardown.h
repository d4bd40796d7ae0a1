// StorageTeardown: the end of elements, which are on two lists that may end at the same time.
// Source: Linux 7.3 kernel/bpf/bpf_local_storage.c (bpf_selem_unlink_nofail).
//
// Whoever ends a list takes its elements off the other one, too, if he gets its lock. If not, he
// leaves them to the other list's end, and each marks what he has done: who completes the marks
// frees. If he does not get the lock of his own list, nobody adds to it any more, and others who
// take from it hold that lock: he leaves the elements linked and only marks them. Before the first
// mark he says, in all of them, that the list is not to be touched any more. So whoever still
// touches it is a reader from before the first of them was freed, and its memory stays until then.
#pragma once

#include "lib/bpf/local_storage_memory.h"

namespace anyctx::bpf {

template <machine::Machine M>
class StorageTeardown {
 public:
  using Element = StorageElement<M>;
  using Storage = OwnerStorage<M>;
  using Map = StorageMap<M>;
  using Bucket = typename Map::Bucket;

  /// A reader of RCU while it lives: no element or list goes that he has found.
  class RcuSection {
   public:
    explicit RcuSection(StorageMemory<M>& memory)
        : rcu_(memory.slabs().grace().rcu), token_(rcu_.read_lock()) {}
    ~RcuSection() { rcu_.read_unlock(token_); }
    RcuSection(const RcuSection&) = delete;
    RcuSection& operator=(const RcuSection&) = delete;

   private:
    defer::Rcu<M>& rcu_;
    typename defer::Rcu<M>::Token token_;
  };

  explicit StorageTeardown(StorageMemory<M>& memory) : memory_(&memory) {}

  /// With both locks; the element is on both lists.
  void unlink(Storage& storage, Element& element) {
    storage.remove(element);
    Bucket::remove(element);
    mark(element, Element::kDone);
  }

  /// Nobody uses the map any more.
  void end_bucket(Bucket& bucket) {
    while (end_first_of(bucket)) {
    }
  }

  /// Nobody uses the owner any more.
  void end_owner(StorageOwner<M>& owner) {
    const RcuSection section(*memory_);
    Storage* const storage = owner.storage.exchange(nullptr);
    if (storage == nullptr) return;
    while (end_first_of(*storage)) {
    }
    memory_->release(*storage, owner);
  }

 private:
  /// False: there are none left to care for.
  bool end_first_of(Bucket& bucket) {
    const RcuSection section(*memory_);
    Element* const element = bucket.elements.first();
    if (element == nullptr) return false;
    Storage* const storage = element->storage.load();
    const machine::IrqState irqs = M::irq_save();
    const bool has_storage = storage != nullptr && storage->lock.lock() == 0;
    const bool has_bucket = bucket.lock.lock() == 0;
    if (has_bucket && bucket.elements.has(*element)) {
      bucket.remove(*element);
      element->map.store(nullptr);
      std::uint32_t done = Element::kMapDone;
      if (has_storage && storage->elements.has(*element)) {
        storage->remove(*element);
        done = Element::kDone;
      }
      mark(*element, done);
    }
    if (has_bucket) bucket.lock.unlock();
    if (has_storage) storage->lock.unlock();
    M::irq_restore(irqs);
    if (!has_bucket) give_up(bucket);
    return has_bucket;
  }
  bool end_first_of(Storage& storage) {
    const machine::IrqState irqs = M::irq_save();
    const bool has_storage = storage.lock.lock() == 0;
    Element* const element = has_storage ? storage.elements.first() : nullptr;
    if (element != nullptr) {
      const std::uint32_t done = take_off_bucket(*element);
      storage.remove(*element);
      mark(*element, done | Element::kOwnerDone);
    }
    if (has_storage) storage.lock.unlock();
    M::irq_restore(irqs);
    if (!has_storage) give_up(storage);
    return element != nullptr;
  }

  /// Its map's mark, if the lock was to be had and nobody else has taken it off. As a reader.
  std::uint32_t take_off_bucket(Element& element) {
    Map* const map = element.map.load();
    if (map == nullptr) return 0;
    Bucket& bucket = map->bucket_of(element.owner_number);
    if (bucket.lock.lock() != 0) return 0;
    const bool was_linked = bucket.elements.has(element);
    if (was_linked) bucket.remove(element);
    bucket.lock.unlock();
    return was_linked ? Element::kMapDone : 0;
  }
  std::uint32_t take_off_owner(Element& element) {
    Storage* const storage = element.storage.load();
    if (storage == nullptr || storage->lock.lock() != 0) return 0;
    const bool was_linked = storage->elements.has(element);
    if (was_linked) storage->remove(element);
    storage->lock.unlock();
    return was_linked ? Element::kOwnerDone : 0;
  }

  void give_up(Bucket& bucket) {
    for (Element* element = bucket.elements.first(); element != nullptr;
         element = bucket.elements.next(*element)) {
      element->map.store(nullptr);
    }
    M::probe(site::storage_half);
    const machine::IrqState irqs = M::irq_save();
    for (Element* element = bucket.elements.first(); element != nullptr;
         element = bucket.elements.next(*element)) {
      mark(*element, take_off_owner(*element) | Element::kMapDone);
    }
    M::irq_restore(irqs);
  }
  void give_up(Storage& storage) {
    for (Element* element = storage.elements.first(); element != nullptr;
         element = storage.elements.next(*element)) {
      element->storage.store(nullptr);
    }
    M::probe(site::storage_half);
    const machine::IrqState irqs = M::irq_save();
    for (Element* element = storage.elements.first(); element != nullptr;
         element = storage.elements.next(*element)) {
      mark(*element, take_off_bucket(*element) | Element::kOwnerDone);
    }
    M::irq_restore(irqs);
  }

  /// As a reader: the element is there until the caller is none any more, whoever frees it. The
  /// owner does not pay for what is not his.
  void mark(Element& element, std::uint32_t done) {
    page::MemCgroup<M>& payer = *element.payer;
    const std::uint32_t bytes = element.bytes;
    const std::uint32_t before = element.marks.fetch_or(done);
    const std::uint32_t fresh = done & ~before;
    if ((fresh & Element::kOwnerDone) != 0) payer.uncharge(bytes);
    if (fresh != 0 && (before | done) == Element::kDone) memory_->release(element);
  }

  StorageMemory<M>* memory_;
};

}  // namespace anyctx::bpf
