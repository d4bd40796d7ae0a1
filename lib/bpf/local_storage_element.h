// StorageElement: the value of one owner in one map, on a list of each.
// Source: Linux 7.3 include/linux/bpf_local_storage.h.
#pragma once

#include <cstddef>

#include "lib/bpf/local_storage_sites.h"
#include "lib/defer/llist.h"
#include "lib/page/mem_cgroup.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::bpf {

template <machine::Machine M>
struct StorageElement;
template <machine::Machine M>
struct OwnerStorage;
template <machine::Machine M>
class StorageMap;

template <machine::Machine M, class T>
using StorageLink = machine::Atomic<M, T*, site::storage_link>;

/// An element's place on one of its lists.
template <machine::Machine M>
struct StoragePlace {
  StorageLink<M, StorageElement<M>> next;               // stays when the element has left
  StorageLink<M, StorageElement<M>>* before = nullptr;  // what leads here; null: not on the list
};

/// Changes need the list's lock. Walks need only that the elements they meet stay.
template <machine::Machine M, StoragePlace<M> StorageElement<M>::*Place>
class StorageList {
 public:
  using Element = StorageElement<M>;

  Element* first() const { return first_.load(); }
  static Element* next(const Element& element) { return (element.*Place).next.load(); }
  static bool has(const Element& element) { return (element.*Place).before != nullptr; }

  void push(Element& element) {
    StoragePlace<M>& place = element.*Place;
    Element* const old = first_.load(std::memory_order_relaxed);
    place.next.store(old, std::memory_order_relaxed);
    place.before = &first_;
    if (old != nullptr) (old->*Place).before = &place.next;
    first_.store(&element);
  }
  static void remove(Element& element) {
    StoragePlace<M>& place = element.*Place;
    Element* const next = place.next.load(std::memory_order_relaxed);
    place.before->store(next);
    if (next != nullptr) (next->*Place).before = place.before;
    place.before = nullptr;
  }

  /// For oracles.
  Element* peek_first() const { return first_.peek(); }
  static Element* peek_next(const Element& element) { return (element.*Place).next.peek(); }

 private:
  StorageLink<M, Element> first_;
};

/// Its value follows it in memory. What readers see of it does not change any more.
template <machine::Machine M>
struct StorageElement {
  // Marks. Who completes them frees the element.
  static constexpr std::uint32_t kOwnerDone = 1;  // neither on the owner's list nor to be
  static constexpr std::uint32_t kMapDone = 2;
  static constexpr std::uint32_t kDone = kOwnerDone | kMapDone;

  defer::LlistNode waiting{};  // the word that is written while readers may be there
  StoragePlace<M> of_owner;    // lock of the owner's storage
  StoragePlace<M> of_bucket;   // lock of the bucket
  // Null: that list is not to be touched on behalf of this element any more.
  StorageLink<M, OwnerStorage<M>> storage;
  StorageLink<M, StorageMap<M>> map;
  machine::Atomic<M, std::uint32_t, site::storage_marks> marks;
  page::MemCgroup<M>* payer = nullptr;
  std::uint32_t bytes = 0;  // of its memory, as charged
  std::uint32_t owner_number = 0;
  std::uint32_t cache_slot = 0;

  std::byte* value() { return reinterpret_cast<std::byte*>(this + 1); }
};

/// All that one owner has.
template <machine::Machine M>
struct OwnerStorage {
  static constexpr unsigned kCacheSlots = 4;

  explicit OwnerStorage(sync::RqCpus<M>& cpus) : lock(cpus) {}

  defer::LlistNode waiting{};
  sync::RqSpinLock<M> lock;
  StorageList<M, &StorageElement<M>::of_owner> elements;
  StorageLink<M, StorageElement<M>> cache[kCacheSlots];  // hints for lookups

  /// With the lock.
  void remove(StorageElement<M>& element) {
    StorageLink<M, StorageElement<M>>& slot = cache[element.cache_slot];
    if (slot.load(std::memory_order_relaxed) == &element) slot.store(nullptr);
    elements.remove(element);
    element.storage.store(nullptr);
  }
};

/// Somebody who may have a value in each map: a task, a socket, an inode. Part of his structure.
template <machine::Machine M>
struct StorageOwner {
  StorageLink<M, OwnerStorage<M>> storage;
  page::MemCgroup<M>* payer = nullptr;  // in bytes; outlives what is charged to it
  std::uint32_t number = 0;             // chooses the bucket

  /// As a new structure that is a copy of an old one's bytes.
  void copy(const StorageOwner& other) {
    storage.init(other.storage.load());
    payer = other.payer;
    number = other.number;
  }
};

}  // namespace anyctx::bpf
