// KernelContract: by which contract kernel sources are judged, and in what they differ from ours.
//
// The list is short on purpose: whatever is not on it is a finding.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace anyctx::target {

enum class Difference : std::uint8_t {
  // Meant so.
  set_may_need_node,
  reuse_before_flush,
  scratch_is_remembered,
  destroy_before_unmap,
  usage_is_not_counted,
  unlock_is_trusted,
  nested_waiter_waits,
  nolock_takes_no_large,
  ksize_counts_padding,
  full_slabs_are_not_listed,
  barn_may_overflow,
  spare_may_be_partial,
  failure_may_make_a_slab,
  shrink_frees_sheaves,
  // Found: docs/findings.md.
  failure_loses_ranges,
  fault_frees_reservation,
  fault_maps_freed_page,
  nmi_breaks_push,
  worker_outlives_arena,
};

struct KnownDifference {
  Difference difference;
  bool is_finding;
  std::string_view what;
  std::string_view reason;
};

inline constexpr std::array kDifferences = {
    KnownDifference{Difference::set_may_need_node, false,
                    "range_tree_set() may need a node where runs lie within the range",
                    "it clears the range first, and frees theirs"},
    KnownDifference{Difference::reuse_before_flush, false,
                    "a freed slot can be allocated again before TLBs are flushed",
                    "its bit is set under the lock, the flush comes after"},
    KnownDifference{Difference::scratch_is_remembered, false,
                    "a CPU may remember the scratch page after it was replaced or freed",
                    "accesses to slots that are not allocated are bugs of the program"},
    KnownDifference{Difference::destroy_before_unmap, false,
                    "an arena that is destroyed gives pages back before their mapping goes",
                    "nobody uses the map any more"},
    KnownDifference{Difference::usage_is_not_counted, false, "map_mem_usage() is 0 before 7.3",
                    "pages are not counted there"},
    KnownDifference{Difference::unlock_is_trusted, false,
                    "a lock that is not the CPU's last one can be unlocked",
                    "the verifier sees to it that programs do not"},
    KnownDifference{Difference::nested_waiter_waits, false,
                    "an NMI may wait for a lock while the code that it interrupted queues",
                    "it waits as the pending waiter, and no longer than such a one"},
    KnownDifference{Difference::nolock_takes_no_large, false,
                    "kmalloc_nolock() and kfree_nolock() know nothing above 8 KiB",
                    "large_kmalloc is not supported, says the kernel"},
    KnownDifference{Difference::ksize_counts_padding, false,
                    "ksize() of an object of a cache may be more than the cache's size",
                    "padding is the user's, if nothing of the allocator's is in it"},
    KnownDifference{Difference::full_slabs_are_not_listed, false,
                    "full slabs of debug caches are listed only with SLAB_STORE_USER",
                    "the list is for who looks for users"},
    KnownDifference{Difference::barn_may_overflow, false,
                    "a barn may have more full sheaves than its limit",
                    "the limit is looked at without the lock"},
    KnownDifference{Difference::spare_may_be_partial, false,
                    "a CPU's spare sheaf may be neither full nor empty",
                    "kmem_cache_return_sheaf() makes the sheaf the spare one as it is"},
    KnownDifference{Difference::failure_may_make_a_slab, false,
                    "an allocation that fails may leave an empty slab",
                    "it made a sheaf first, or filled one in part; caches keep a few empty slabs"},
    KnownDifference{Difference::shrink_frees_sheaves, false,
                    "shrinking a cache of kmalloc() may leave an object with a CPU",
                    "sheaves come from there, and those that it frees go where all objects go"},
    KnownDifference{Difference::failure_loses_ranges, true,
                    "a change of a range tree that gets no node loses numbers",
                    "range_tree_clear() cuts a run before it allocates, and who calls "
                    "range_tree_set() does not look"},
    KnownDifference{Difference::fault_frees_reservation, true,
                    "a fault that fails frees a slot that was reserved",
                    "arena_vm_fault() sets the bit whether or not it was set"},
    KnownDifference{Difference::fault_maps_freed_page, true,
                    "a process may map a page that was freed while it faulted",
                    "finish_fault() does not ask the arena again"},
    KnownDifference{Difference::nmi_breaks_push, true,
                    "an NMI that pushes breaks the push of an object pool that it interrupts",
                    "objpool_push() claims, writes and publishes with interrupts off only"},
    KnownDifference{Difference::worker_outlives_arena, true,
                    "an arena may be gone while its worker frees slots of it",
                    "flush_work() waits for no run that arena_free_worker() asks for itself"},
};

struct KernelContract {
  // By ours: what the kernel is meant to do otherwise is a finding, too.
  bool strict = false;
  // What was found is passed over: for a search beyond.
  bool passes_known = false;
  // Resilient spinlocks that the sources take are the kernel's, too; else ours.
  bool has_kernel_locks = false;

  constexpr bool allows(Difference difference) const {
    const KnownDifference& known = kDifferences[static_cast<unsigned>(difference)];
    return known.is_finding ? passes_known : !strict;
  }
};

/// The table is in the order of the enumeration.
constexpr bool differences_are_in_order() {
  for (unsigned i = 0; i < kDifferences.size(); ++i) {
    if (kDifferences[i].difference != static_cast<Difference>(i)) return false;
  }
  return true;
}
static_assert(differences_are_in_order());

}  // namespace anyctx::target
