// Comparisons: what of the answers of kernel sources is compared with ours (against=ours), and why
// the rest is not.
//
// As with the differences of contract.h the lists are short on purpose: whatever is not on them is
// a finding.
#pragma once

#include "fuzzers/engine/comparison.h"
#include "fuzzers/targets/arena_schema.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "fuzzers/targets/rqspinlock_sites.h"
#include "lib/bpf/sites.h"
#include "lib/slab/sites.h"
#include "lib/sync/sites.h"

namespace anyctx::target::comparison {

using engine::Alike;
using engine::AnswerRule;
using engine::Calls;
using engine::Comparison;
using engine::UnlikeParam;

inline constexpr std::string_view kNoNodeLosesRanges =
    "a change of a range tree that gets no node loses numbers";

inline constexpr UnlikeParam kRangeTreeParams[] = {
    {"limit", 0, "a tree of the kernel has less than 2^32 numbers"},
};
inline constexpr Comparison kRangeTree = {
    .params = kRangeTreeParams,
    .overlaps = "changes of a tree exclude each other by its owner's lock, which is ours in both",
    .known_effect = kNoNodeLosesRanges,
    .known_effect_fails = true,
};

inline constexpr std::string_view kOtherOrder =
    "frees that were deferred are done in another order, so that of runs of one size another one "
    "was the last to change";
inline constexpr AnswerRule kArenaRules[] = {
    {.op = "alloc_pages", .alike = Alike::place, .reason = kOtherOrder},
    {.op = "alloc_pages_non_sleepable", .alike = Alike::place, .reason = kOtherOrder},
    {.op = "reserve_pages",
     .alike = Alike::nothing,
     .reason = "a reservation at an address within a page succeeds and reserves nothing",
     .calls = {Calls::Kind::with_flag, 2, place_flag::unaligned},
     .is_finding = true},
};
inline constexpr Comparison kArena = {.rules = kArenaRules, .known_effect = kNoNodeLosesRanges};

inline constexpr AnswerRule kObjPoolRules[] = {
    {.op = "recreate",
     .alike = Alike::end,
     .reason = "a pool of the kernel takes memory from kmalloc if vmalloc has none",
     .calls = {Calls::Kind::after_failure}},
};
inline constexpr Comparison kObjPool = {.rules = kObjPoolRules};

inline constexpr std::string_view kUnlockIsTrusted =
    "the kernel trusts those who unlock, so that no program for it does so wrongly";
inline constexpr AnswerRule kRqSpinLockRules[] = {
    {.op = "lock_many",
     .alike = Alike::end,
     .reason = "the last lock of a table that is full is not seen to be held",
     .calls = {Calls::Kind::above, 1, 30},
     .is_finding = true},
    {.op = "unlock_unheld", .alike = Alike::nothing, .reason = kUnlockIsTrusted},
    {.op = "unlock_out_of_order", .alike = Alike::nothing, .reason = kUnlockIsTrusted},
};
// In critical sections.
inline constexpr machine::Site kRqSpinLockOutside[] = {site::section, site::dwell};
// The kernel does not say why it fails; that it does is compared.
inline constexpr machine::Site kRqSpinLockCauses[] = {
    sync::site::rq_deadlock, sync::site::rq_timeout, sync::site::rq_no_node};
inline constexpr Comparison kRqSpinLock = {
    .rules = kRqSpinLockRules, .outside = kRqSpinLockOutside, .own_causes = kRqSpinLockCauses};

// Users of objects.
inline constexpr machine::Site kMemAllocOutside[] = {site::link, site::look};
inline constexpr machine::Site kMemAllocCauses[] = {bpf::site::mem_empty};
inline constexpr Comparison kMemAlloc = {.outside = kMemAllocOutside,
                                         .own_causes = kMemAllocCauses};

inline constexpr std::string_view kNoLarge =
    "kmalloc_nolock() and kfree_nolock() of the kernel know nothing above 8 KiB";
inline constexpr std::string_view kDeferred =
    "whether a free is deferred is each allocator's own affair";
inline constexpr std::string_view kDamage =
    "what can be damaged without harm depends on where the object lies";
inline constexpr AnswerRule kSlabRules[] = {
    {.op = "kmalloc_nolock",
     .alike = Alike::end,
     .reason = kNoLarge,
     .calls = {Calls::Kind::above, 0, 8192}},
    {.op = "kfree_nolock", .alike = Alike::end, .reason = kNoLarge},
    {.op = "kfree", .alike = Alike::outcome, .reason = kDeferred},
    {.op = "kmem_cache_free", .alike = Alike::outcome, .reason = kDeferred},
    {.op = "ksize", .alike = Alike::outcome, .reason = "padding is the user's in the kernel"},
    {.op = "shrink_bucket",
     .alike = Alike::outcome,
     .reason = "the kernel has objects of its own in its buckets"},
    {.op = "kmem_cache_alloc_from_sheaf",
     .alike = Alike::end,
     .reason = "a sheaf may have more objects than were asked for"},
    {.op = "write_after_free", .alike = Alike::end, .reason = kDamage},
    {.op = "write_past_end", .alike = Alike::end, .reason = kDamage},
    {.op = {},
     .alike = Alike::end,
     .reason =
         "what memory is asked for, and so what a failure meets, is each allocator's own affair",
     .calls = {Calls::Kind::after_failure}},
};
inline constexpr machine::Site kSlabCauses[] = {slab::site::no_sheaf};
inline constexpr Comparison kSlab = {.rules = kSlabRules, .own_causes = kSlabCauses};

}  // namespace anyctx::target::comparison
