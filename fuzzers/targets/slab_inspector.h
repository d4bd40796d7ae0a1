// SlabInspector: what oracles may see of a slab allocator from the inside, as plain values.
//
// Slabs are named by the number of their first page, caches by their handle, objects by their
// address. All members only read, and none is a decision point. Except where noted, the answers
// are consistent only while no operation is in progress.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace anyctx::target {

/// A kmem_cache, or one of the caches behind kmalloc.
using CacheHandle = const void*;

using SlabId = std::uint32_t;
inline constexpr SlabId kNoSlab = UINT32_MAX;

struct CacheView {
  std::string_view name;
  std::uint32_t object_size = 0;  // bytes that users may touch
  std::uint32_t slot_size = 0;    // distance between objects
  std::uint32_t min_partial = 0;  // empty slabs that a node may keep
  bool debug = false;             // no per-CPU caching
  bool lists_full = false;        // full slabs are listed
  bool poison = false;            // free objects hold a pattern that is checked
  bool red_zone = false;          // bytes around objects are checked
  bool reclaimable = false;
  bool accounted = false;  // every object is paid for by whoever is current
};

struct SlabView {
  CacheHandle cache = nullptr;
  std::uint32_t order = 0;
  std::uint32_t node = 0;
  std::uintptr_t first_object = 0;
  std::uint32_t slot_size = 0;
  std::uint32_t objects = 0;
  std::uint32_t inuse = 0;
  bool frozen = false;      // a CPU's, or given up
  bool on_partial = false;  // says that it is on its node's list
  const void* freelist = nullptr;

  /// Which object this is the address of; `objects` if of none.
  std::uint32_t index_of(const void* object) const {
    const std::uintptr_t distance = reinterpret_cast<std::uintptr_t>(object) - first_object;
    const std::uintptr_t index = distance / slot_size;
    return index < objects && index * slot_size == distance ? static_cast<std::uint32_t>(index)
                                                            : objects;
  }
};

struct NodeView {
  std::int64_t slabs = 0;  // counters
  std::int64_t objects = 0;
  std::uint32_t partial = 0;
  SlabId first_partial = kNoSlab;  // lists
  SlabId first_full = kNoSlab;
};

struct CpuView {
  SlabId slab = kNoSlab;
  const void* freelist = nullptr;
  SlabId first_partial = kNoSlab;  // chain
};

/// An array of free objects, named by its address.
using SheafId = const void*;

struct SheafView {
  std::uint32_t capacity = 0;
  std::uint32_t size = 0;
  std::span<void* const> objects;  // as many as there is room for
};

/// What a CPU has of a cache whose CPUs have sheaves. The main sheaf may be one that all share,
/// which has room for nothing.
struct CpuSheavesView {
  SheafId main = nullptr;
  SheafId spare = nullptr;
};

/// The sheaves that the CPUs of a node share.
struct BarnView {
  std::uint32_t full = 0;  // counters
  std::uint32_t empty = 0;
  SheafId first_full = nullptr;  // lists
  SheafId first_empty = nullptr;
};

/// Pages by place, counted by walking the lists.
struct PageCount {
  std::int64_t free = 0;    // on the lists of zones and CPUs
  std::int64_t parked = 0;  // freed, waiting for a lock
  std::int64_t leaked = 0;  // given up after a report
};

class SlabInspector {
 public:
  virtual ~SlabInspector() = default;

  // Pages.
  virtual std::uint32_t page_count() const = 0;
  virtual std::uint32_t page_bytes() const = 0;
  virtual std::uint32_t page_of(const void* address) const = 0;  // address is in memory
  virtual std::uint32_t node_of_page(std::uint32_t page) const = 0;
  virtual PageCount count_pages() const = 0;
  /// Pages on lists or parked, by counters. Cheap; right while nothing is in progress.
  virtual std::int64_t free_pages() const = 0;
  /// Whether a request for 2^order pages that may not dip into any reserve must succeed, on this
  /// node (-1: on any), if no lock is held by anybody.
  virtual bool has_room(unsigned order, int node) const = 0;
  /// What is wrong with the lists of pages; empty if nothing is.
  virtual std::string_view audit_pages() const = 0;

  // Caches: all that exist, except destroyed ones whose objects were not all freed.
  virtual CacheHandle first_cache() const = 0;
  virtual CacheHandle next_cache(CacheHandle cache) const = 0;
  /// The cache behind kmalloc() of this size, which has one.
  virtual CacheHandle bucket(std::size_t size) const = 0;
  /// The same of those whose objects somebody pays for. There are memory cgroups.
  virtual CacheHandle accounted_bucket(std::size_t size) const = 0;
  virtual CacheView cache(CacheHandle cache) const = 0;
  virtual NodeView node(CacheHandle cache, unsigned node) const = 0;
  virtual CpuView cpu(CacheHandle cache, unsigned cpu) const = 0;
  virtual unsigned nodes() const = 0;

  // Sheaves.
  /// How many objects the sheaves of a cache have room for; 0: it has none.
  virtual std::uint32_t sheaf_capacity(CacheHandle cache) const = 0;
  virtual CpuSheavesView cpu_sheaves(CacheHandle cache, unsigned cpu) const = 0;
  virtual BarnView barn(CacheHandle cache, unsigned node) const = 0;
  virtual SheafView sheaf(SheafId sheaf) const = 0;
  virtual SheafId next_in_barn(SheafId sheaf) const = 0;
  virtual unsigned node_of_cpu(unsigned cpu) const = 0;

  // Slabs. slab_of_page() and slab() are valid at any time.
  /// The first slab that starts at this page or behind it.
  virtual SlabId next_slab(std::uint32_t page) const = 0;
  virtual SlabId slab_of_page(std::uint32_t page) const = 0;  // kNoSlab: part of no slab
  virtual SlabView slab(SlabId slab) const = 0;
  virtual SlabId next_on_list(SlabId slab) const = 0;
  virtual SlabId next_on_chain(SlabId slab) const = 0;

  // Objects.
  /// Reads a freelist of a slab: from `first` on, to its end, to the first entry that is not the
  /// address of an object of the slab, or until `objects` is full. Returns how many were read.
  virtual std::size_t read_freelist(const SlabView& slab, const void* first,
                                    std::span<const void*> objects) const = 0;
  /// The successor of a free object in its freelist.
  virtual const void* next_free(CacheHandle cache, const void* object) const = 0;
  /// The word in a free object that stands for its successor, as it is stored.
  virtual std::uintptr_t stored_link(CacheHandle cache, const void* object) const = 0;
  /// An object that the allocator allocated from itself.
  virtual bool is_internal(const void* object) const = 0;
  /// Pages that the allocator allocated for itself, other than slabs.
  virtual std::int64_t internal_pages() const { return 0; }

  // Deferred work. is_deferred() is valid at any time.
  virtual const void* first_deferred(unsigned cpu) const = 0;
  virtual bool has_deferred_slabs(unsigned cpu) const = 0;
  /// Passed to a nolock free, and not taken out of the deferred work yet.
  virtual bool is_deferred(const void* object) const = 0;
};

}  // namespace anyctx::target
