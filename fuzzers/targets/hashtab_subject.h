// HashTabSubject: a hash table under test, with the memory that its elements may come from, by the
// names and results of the kernel's API.
//
// Whoever implements it stands for one table: the one in lib/bpf, or the user's kernel sources. The
// target, its model and its oracles know nothing else of it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "inject/sim/simulation.h"

namespace anyctx::target {

struct HashTabOptions {
  std::uint32_t pages = 64;  // of memory
  std::uint32_t max_entries = 4;
  std::uint32_t value_words = 1;
  std::uint64_t seed = 0;
  bool prealloc = true;
  bool guarded = false;  // bucket locks spin, and CPUs count their users
};

/// What oracles may see from the inside. Only reads; nothing is a decision point.
class HashTabInspector {
 public:
  using Elements = std::vector<const void*>;

  virtual ~HashTabInspector() = default;
  virtual std::uint32_t buckets() const = 0;
  virtual std::uint32_t bucket_of(std::uint64_t key) const = 0;
  /// False if it does not end within a few elements more than there may be, or as another bucket.
  virtual bool list_bucket(std::uint32_t bucket, Elements& elements) const = 0;
  virtual std::uint64_t key_of(const void* element) const = 0;
  virtual std::uint64_t word_of(const void* element, std::uint32_t word) const = 0;
  // Of preallocated elements.
  virtual void list_all(Elements& elements) const = 0;
  /// One list for each CPU, and one more.
  virtual std::uint32_t free_lists() const = 0;
  virtual void list_free(std::uint32_t list, Elements& elements) const = 0;
  virtual const void* extra(unsigned cpu) const = 0;
  // Of others.
  virtual std::uint32_t count() const = 0;
  /// Whether there is memory for a new slab of elements, if no lock is held by anybody.
  virtual bool has_room() const = 0;
};

class HashTabSubject {
 public:
  using Token = unsigned;

  virtual ~HashTabSubject() = default;

  /// Starts over: all memory is free, and there is an empty table. 0 or errno.
  virtual int reset(const HashTabOptions& options) = 0;
  virtual const HashTabInspector& inspector() const = 0;

  virtual Token rcu_read_lock() = 0;
  virtual void rcu_read_unlock(Token token) = 0;
  virtual const void* htab_map_lookup_elem(std::uint64_t key) = 0;
  virtual int htab_map_update_elem(std::uint64_t key, const std::uint64_t* value,
                                   std::uint64_t flags) = 0;
  virtual int htab_map_delete_elem(std::uint64_t key) = 0;
  virtual void htab_map_free() = 0;

  // Other users of the memory: objects of the size of an element.
  virtual void* kmalloc_nolock() = 0;
  virtual void kfree_nolock(void* object) = 0;
  /// Does what was deferred. Returns how many objects are in use.
  virtual std::int64_t settle() = 0;
};

/// The table in lib/bpf, with memory from lib/slab.
std::unique_ptr<HashTabSubject> make_own_hashtab_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
