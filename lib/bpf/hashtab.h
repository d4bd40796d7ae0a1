// HashTab: a hash table that every context may update, and that readers of RCU search without a
// lock. Source: Linux 7.3 kernel/bpf/hashtab.c (results, order of checks, replacement).
//
// Keys are words, values some words. Elements come from a HashStore. Those in advance are reused at
// once: a reader may see one change under it, key and all, but never leaves the table. Those that
// are allocated when they are needed stay as they are until a grace period is over.
#pragma once

#include <new>

#include "lib/bpf/hashtab_lock.h"
#include "lib/bpf/hashtab_store.h"

namespace anyctx::bpf {

/// What update() may do. Anything else is refused.
enum class HashUpdate : std::uint64_t { any = 0, no_exist = 1, exist = 2 };

struct HashConfig {
  std::uint32_t max_entries = 1;
  std::uint32_t value_words = 1;
  bool in_advance = true;
  HashLocking locking = HashLocking::resilient;
  std::uint64_t seed = 0;  // of the hash function
};

/// update(), remove() and lookup() are legal in every context, also inside each other. An update
/// waits as its bucket's lock does; lookups never wait.
template <machine::Machine M, ElementSource Source>
class HashTab {
 public:
  using Element = HashElement<M>;
  static constexpr std::uint32_t kMostEntries = 1u << 20;
  static constexpr std::uint32_t kMostValueWords = 1u << 12;

  HashTab() = default;
  HashTab(const HashTab&) = delete;
  HashTab& operator=(const HashTab&) = delete;

  /// An empty table. `source` and `cpus` are not owned. Single-threaded.
  ///  -EINVAL no entries or no value; -E2BIG too many, or too large a value; -ENOMEM no memory
  [[nodiscard]] int init(const HashConfig& config, Source& source, sync::RqCpus<M>& cpus) {
    if (config.max_entries == 0 || config.value_words == 0) return -EINVAL;
    if (config.max_entries > kMostEntries || config.value_words > kMostValueWords) return -E2BIG;
    config_ = config;
    source_ = &source;
    std::uint32_t buckets = 1;
    while (buckets < config.max_entries) buckets *= 2;
    mask_ = buckets - 1;
    void* const memory =
        M::fails(site::hashtab_memory, false) ? nullptr : source.allocate(buckets * sizeof(Bucket));
    if (memory == nullptr) return -ENOMEM;
    buckets_ = static_cast<Bucket*>(memory);
    for (std::uint32_t i = 0; i < buckets; ++i) {
      ::new (buckets_ + i) Bucket(cpus);
      buckets_[i].first.init(end_of_bucket(i));
    }
    guards_.init(buckets);
    const int result =
        store_.init(config.max_entries, config.value_words, config.in_advance, source, cpus);
    if (result == 0) return 0;
    source.release(buckets_);
    buckets_ = nullptr;
    return result;
  }

  /// No readers, and nobody else. Nothing if there is no table.
  void destroy() {
    if (buckets_ == nullptr) return;
    for (std::uint32_t i = 0; i <= mask_; ++i) {
      for (std::uintptr_t link = buckets_[i].first.peek(); !is_end(link);) {
        Element* const element = at(link);
        link = element->next.peek();
        store_.dispose_now(element);
      }
    }
    store_.destroy();
    source_->release(buckets_);
    buckets_ = nullptr;
  }

  /// The element of a key, or null. For readers of RCU. A key that is replaced meanwhile may be
  /// missed; others are not.
  const Element* lookup(std::uint64_t key) const {
    const std::uint32_t number = hash_of(key) & mask_;
    std::uintptr_t link = 0;
    do {
      link = buckets_[number].first.load(std::memory_order_acquire);
      while (!is_end(link)) {
        const Element* const element = at(link);
        if (element->key.load(std::memory_order_relaxed) == key) return element;
        link = element->next.load(std::memory_order_acquire);
      }
    } while (link != end_of_bucket(number));
    return nullptr;
  }

  /// Sets the value of a key. An error changes nothing:
  ///  -EINVAL                    unknown flags
  ///  -EEXIST, -ENOENT           the key is there and must not be; or the other way round
  ///  -E2BIG                     there are enough keys, or no free element was to be had
  ///  -ENOMEM                    no memory
  ///  -EDEADLK, -ETIMEDOUT, -EBUSY  the lock or an element was not to be had here
  [[nodiscard]] int update(std::uint64_t key, const std::uint64_t* value, HashUpdate flags) {
    if (flags > HashUpdate::exist) return -EINVAL;
    const std::uint32_t hash = hash_of(key);
    Bucket& bucket = buckets_[hash & mask_];
    machine::IrqState irqs{};
    int result = bucket.lock.lock(config_.locking, guards_, hash, irqs);
    if (result != 0) return result;
    Element* rest = nullptr;
    result = update_locked(bucket, key, value, flags, rest);
    bucket.lock.unlock(config_.locking, guards_, hash, irqs);
    if (rest != nullptr) store_.dispose(rest);
    return result;
  }

  /// -ENOENT: the key is not there. Otherwise as update().
  [[nodiscard]] int remove(std::uint64_t key) {
    const std::uint32_t hash = hash_of(key);
    Bucket& bucket = buckets_[hash & mask_];
    machine::IrqState irqs{};
    const int result = bucket.lock.lock(config_.locking, guards_, hash, irqs);
    if (result != 0) return result;
    Link* const link = find(bucket, key);
    Element* const element = link != nullptr ? at(link->load(std::memory_order_relaxed)) : nullptr;
    if (element != nullptr) unlink(*link, *element);
    bucket.lock.unlock(config_.locking, guards_, hash, irqs);
    if (element == nullptr) return -ENOENT;
    store_.give_back(element);
    return 0;
  }

  // For oracles: no decision points.

  std::uint32_t buckets() const { return buckets_ != nullptr ? mask_ + 1 : 0; }
  std::uint32_t bucket_of(std::uint64_t key) const { return hash_of(key) & mask_; }
  /// Calls `f(element)` for each element of a bucket, while nobody updates it; at most `most`.
  /// Returns whether it ends as this bucket does.
  template <class F>
  bool visit(std::uint32_t bucket, std::uint32_t most, F f) const {
    std::uintptr_t link = buckets_[bucket].first.peek();
    for (; !is_end(link) && most-- > 0; link = at(link)->next.peek()) f(*at(link));
    return link == end_of_bucket(bucket);
  }
  const HashStore<M, Source>& store() const { return store_; }

 private:
  using Link = machine::Atomic<M, std::uintptr_t, site::hashtab_link>;
  struct Bucket {
    explicit Bucket(sync::RqCpus<M>& cpus) : lock(cpus) {}
    Link first;
    HashLock<M> lock;
  };

  static Element* at(std::uintptr_t link) { return reinterpret_cast<Element*>(link); }
  static std::uintptr_t link_to(const Element& element) {
    return reinterpret_cast<std::uintptr_t>(&element);
  }
  std::uint32_t hash_of(std::uint64_t key) const {
    return static_cast<std::uint32_t>((key ^ config_.seed) * 0x9e3779b97f4a7c15u >> 32);
  }

  // With the bucket's lock held.

  /// The link that leads to a key's element; null if the key is not there.
  Link* find(Bucket& bucket, std::uint64_t key) {
    Link* link = &bucket.first;
    for (;;) {
      const std::uintptr_t to = link->load(std::memory_order_relaxed);
      if (is_end(to)) return nullptr;
      if (at(to)->key.load(std::memory_order_relaxed) == key) return link;
      link = &at(to)->next;
    }
  }

  /// `rest`: an element that is left over, to be disposed of without the lock.
  int update_locked(Bucket& bucket, std::uint64_t key, const std::uint64_t* value, HashUpdate flags,
                    Element*& rest) {
    Link* const found = find(bucket, key);
    if (found != nullptr && flags == HashUpdate::no_exist) return -EEXIST;
    if (found == nullptr && flags == HashUpdate::exist) return -ENOENT;
    Element* element = nullptr;
    const int result =
        found != nullptr ? store_.take_for_replacement(element) : store_.take(element);
    if (result != 0) return result;
    fill(*element, key, value);
    // The new one is in front of the old one, so that one of them is always there.
    element->next.store(bucket.first.load(std::memory_order_relaxed), std::memory_order_relaxed);
    bucket.first.store(link_to(*element), std::memory_order_release);
    if (found == nullptr) return 0;
    M::probe(site::hashtab_swap);
    // If the old one was first, it now is behind the new one.
    Link& link = found == &bucket.first ? element->next : *found;
    Element& old = *at(link.load(std::memory_order_relaxed));
    unlink(link, old);
    rest = store_.keep_as_extra(&old);
    return 0;
  }

  void fill(Element& element, std::uint64_t key, const std::uint64_t* value) {
    element.key.store(key, std::memory_order_relaxed);
    for (std::uint32_t i = 0; i < config_.value_words; ++i) {
      element.value()[i].store(value[i], std::memory_order_relaxed);
    }
  }

  /// The element keeps its link: readers stand on it.
  static void unlink(Link& link, const Element& element) {
    link.store(element.next.load(std::memory_order_relaxed), std::memory_order_release);
  }

  HashConfig config_;
  Source* source_ = nullptr;
  std::uint32_t mask_ = 0;
  Bucket* buckets_ = nullptr;
  HashGuards<M> guards_;
  HashStore<M, Source> store_;
};

}  // namespace anyctx::bpf
