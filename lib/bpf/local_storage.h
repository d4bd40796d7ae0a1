// LocalStorage: values that programs attach to tasks, sockets or inodes, found through those.
// Source: Linux 7.3 kernel/bpf/bpf_local_storage.c. Differs from it in four things: an owner's list
// stays until the owner ends; flags are looked at before memory is asked for, and again after;
// deletion is for every context; and a list whose lock cannot be had at its end is given up without
// it, so that nothing is leaked that a list's end would not free.
#pragma once

#include "lib/bpf/local_storage_teardown.h"

namespace anyctx::bpf {

/// When update() may go ahead.
enum class StorageUpdate : std::uint64_t {
  any = 0,
  if_absent = 1,   // BPF_NOEXIST
  if_present = 2,  // BPF_EXIST
};

/// What a value is found by is the owner's list, under RCU; a hint in the owner's cache makes it
/// short. Values are replaced, not changed, by update(). Locks: the owner's, then the bucket's.
///
/// Whoever uses a value, or is about to, is a reader (see StorageReaders) from before he looks it
/// up. Nobody looks up or changes what belongs to an owner or a map that is being ended.
template <machine::Machine M>
class LocalStorage {
 public:
  using Owner = StorageOwner<M>;
  using Map = StorageMap<M>;
  using Element = StorageElement<M>;
  using Storage = OwnerStorage<M>;

  /// `memory` is not owned.
  explicit LocalStorage(StorageMemory<M>& memory) : memory_(&memory), teardown_(memory) {}

  // Maps.

  /// Null: there is no memory. Sleeps.
  Map* create_map(const typename Map::Config& config) {
    void* const memory = memory_->slabs().kmalloc(sizeof(Map), page::gfp::kernel);
    return memory == nullptr ? nullptr : ::new (memory) Map(memory_->cpus(), config);
  }
  /// With all its values; owners may end meanwhile. Sleeps; not for readers.
  void destroy_map(Map* map) {
    for (unsigned i = 0; i < Map::kBuckets; ++i) teardown_.end_bucket(map->bucket(i));
    memory_->synchronize();
    map->~Map();
    memory_->slabs().kfree(map);
  }

  // Values. Every context; bounded waits only (see RqSpinLock).

  /// The owner's value, or null.
  void* lookup(Owner& owner, Map& map) {
    Storage* const storage = owner.storage.load();
    if (storage == nullptr) return nullptr;
    Element* const hint = storage->cache[map.config().cache_slot].load();
    if (hint != nullptr && hint->map.load() == &map) return hint->value();
    Element* const element = find(*storage, map);
    if (element == nullptr) return nullptr;
    remember(*storage, *element);
    return element->value();
  }

  /// 0, and the value is a copy of `value`. Otherwise nothing has changed:
  ///  -EINVAL     no such flags
  ///  -EEXIST     if_absent, and there is a value
  ///  -ENOENT     if_present, and there is none
  ///  -ENOMEM     no memory, or the owner may not have that much
  ///  -EAGAIN     the owner's first value came from elsewhere meanwhile
  ///  -EDEADLK, -ETIMEDOUT  a lock was not to be had
  int update(Owner& owner, Map& map, const void* value, std::uint64_t flags) {
    if (flags > static_cast<std::uint64_t>(StorageUpdate::if_present)) return -EINVAL;
    const auto when = static_cast<StorageUpdate>(flags);
    const RcuSection section(*memory_);
    Storage* const storage = owner.storage.load();
    const Element* const old = storage == nullptr ? nullptr : find(*storage, map);
    if (const int error = check(when, old)) return error;
    Element* const element = memory_->make_element(owner, map, value);
    if (element == nullptr) return -ENOMEM;
    const int error = storage == nullptr ? add_first(owner, map, *element)
                                         : replace(*storage, map, *element, when);
    if (error != 0) memory_->discard(*element);
    return error;
  }

  /// 0; -ENOENT: there is no value; -EDEADLK, -ETIMEDOUT: a lock was not to be had, and it stays.
  int remove(Owner& owner, Map& map) {
    const RcuSection section(*memory_);
    Storage* const storage = owner.storage.load();
    if (storage == nullptr || find(*storage, map) == nullptr) return -ENOENT;
    return with_locks(*storage, map.bucket_of(owner.number), [&] {
      Element* const element = find(*storage, map);
      if (element == nullptr) return -ENOENT;
      teardown_.unlink(*storage, *element);
      return 0;
    });
  }

  // Owners.

  /// A new owner, which nobody knows of yet. Single-threaded.
  static void init(Owner& owner, page::MemCgroup<M>& payer, std::uint32_t number) {
    owner.storage.init(nullptr);
    owner.payer = &payer;
    owner.number = number;
  }
  /// Turns `child`, unknown yet, into a copy of `parent` with copies of the values that are
  /// inherited, and its own payer and number. On failure it has none. 0, or as update().
  int fork(Owner& parent, Owner& child, page::MemCgroup<M>& payer, std::uint32_t number) {
    child.copy(parent);
    init(child, payer, number);
    int error = M::fails(site::storage_fork, false) ? -ENOMEM : 0;
    if (error == 0) error = inherit(parent, child);
    if (error != 0) end_owner(child);
    return error;
  }
  /// With all its values; maps may be destroyed meanwhile. Every context.
  void end_owner(Owner& owner) { teardown_.end_owner(owner); }

  // For oracles: no decision points.

  static Element* peek(const Owner& owner, const Map& map) {
    const Storage* const storage = owner.storage.peek();
    if (storage == nullptr) return nullptr;
    Element* element = storage->elements.peek_first();
    while (element != nullptr && element->map.peek() != &map) {
      element = storage->elements.peek_next(*element);
    }
    return element;
  }
  /// What the owner pays for.
  static std::uint64_t peek_bytes(const Owner& owner) {
    std::uint64_t bytes = owner.storage.peek() == nullptr ? 0 : sizeof(Storage);
    peek_each(owner, [&](const Element& element) { bytes += element.bytes; });
    return bytes;
  }
  static std::uint32_t peek_elements(const Owner& owner) {
    std::uint32_t count = 0;
    peek_each(owner, [&](const Element&) { ++count; });
    return count;
  }

 private:
  using RcuSection = typename StorageTeardown<M>::RcuSection;
  using Bucket = typename Map::Bucket;

  template <class F>
  static void peek_each(const Owner& owner, F f) {
    const Storage* const storage = owner.storage.peek();
    if (storage == nullptr) return;
    for (const Element* element = storage->elements.peek_first(); element != nullptr;
         element = storage->elements.peek_next(*element)) {
      f(*element);
    }
  }

  /// As a reader, or with the owner's lock.
  static Element* find(Storage& storage, Map& map) {
    Element* element = storage.elements.first();
    while (element != nullptr && element->map.load() != &map) {
      element = storage.elements.next(*element);
    }
    return element;
  }
  static int check(StorageUpdate when, const Element* old) {
    if (when == StorageUpdate::if_absent && old != nullptr) return -EEXIST;
    if (when == StorageUpdate::if_present && old == nullptr) return -ENOENT;
    return 0;
  }

  /// Only what is on the list may be in the cache. Without the lock, it is not worth waiting.
  static void remember(Storage& storage, Element& element) {
    machine::IrqState irqs;
    if (storage.lock.lock_irqsave(irqs) != 0) return;
    if (storage.elements.has(element)) storage.cache[element.cache_slot].store(&element);
    storage.lock.unlock_irqrestore(irqs);
  }

  template <class F>
  static int with_locks(Storage& storage, Bucket& bucket, F f) {
    machine::IrqState irqs;
    int result = storage.lock.lock_irqsave(irqs);
    if (result != 0) return result;
    result = bucket.lock.lock();
    if (result == 0) {
      result = f();
      bucket.lock.unlock();
    }
    storage.lock.unlock_irqrestore(irqs);
    return result;
  }
  static void link(Storage& storage, Bucket& bucket, Element& element) {
    element.storage.store(&storage, std::memory_order_relaxed);
    bucket.elements.push(element);
    storage.elements.push(element);
  }

  /// The owner has no list yet.
  int add_first(Owner& owner, Map& map, Element& element) {
    Storage* const storage = memory_->make_storage(owner);
    if (storage == nullptr) return -ENOMEM;
    Bucket& bucket = map.bucket_of(owner.number);
    machine::IrqState irqs;
    int error = bucket.lock.lock_irqsave(irqs);
    if (error == 0) {
      link(*storage, bucket, element);
      Storage* found = nullptr;
      while (!owner.storage.cas(found, storage)) {
        if (found != nullptr) break;
      }
      if (found != nullptr) {
        bucket.elements.remove(element);
        error = -EAGAIN;
      }
      bucket.lock.unlock_irqrestore(irqs);
    }
    if (error != 0) memory_->discard(*storage, owner);
    return error;
  }
  int replace(Storage& storage, Map& map, Element& element, StorageUpdate when) {
    Bucket& bucket = map.bucket_of(element.owner_number);
    return with_locks(storage, bucket, [&] {
      Element* const old = find(storage, map);
      if (const int error = check(when, old)) return error;
      link(storage, bucket, element);
      if (old != nullptr) teardown_.unlink(storage, *old);
      return 0;
    });
  }

  int inherit(Owner& parent, Owner& child) {
    const RcuSection section(*memory_);
    Storage* const storage = parent.storage.load();
    if (storage == nullptr) return 0;
    for (Element* element = storage->elements.first(); element != nullptr;
         element = storage->elements.next(*element)) {
      Map* const map = element->map.load();
      if (map == nullptr || !map->config().inherited) continue;
      // A value that is being replaced is met twice, the newer one first.
      constexpr auto kFlags = static_cast<std::uint64_t>(StorageUpdate::if_absent);
      const int error = update(child, *map, element->value(), kFlags);
      if (error != 0 && error != -EEXIST) return error;
    }
    return 0;
  }

  StorageMemory<M>* memory_;
  StorageTeardown<M> teardown_;
};

}  // namespace anyctx::bpf
