#include "fuzzers/targets/slab_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/slab_payers.h"
#include "lib/defer/sites.h"
#include "lib/page/memcg_sites.h"
#include "lib/page/sites.h"
#include "lib/slab/sites.h"

namespace anyctx::target {
namespace {

using inject::LaneKind;
using program::ArgKind;
using program::ArgSpec;
using program::in;
using program::kAnyContext;
using program::kMaySpin;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

constexpr std::string_view kWithoutCas2[] = {"try_lock", "fail", "sheaf_only"};
constexpr std::string_view kMinAligns[] = {"8", "16", "32", "64", "128"};

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 64, kMostSlabPages, 256, {}},
    {"page_size", 0, 1, 0, kPageSizes},
    {"nodes", 1, 2, 1, {}},
    {"encoded", 0, 1, 0, kNoYes},
    {"debug", 0, 3, 0, kDebug},
    {"min_align", 0, 4, 0, kMinAligns},
    {"without_cas2", 0, 2, 0, kWithoutCas2},
    {"memcg", 0, 100, 0, {}},
    {"memcg_slots", 1, 5, 1, {}},
    {"design", 0, 1, 0, kDesigns},
    {"barn", 1, 10, 10, {}},
    {"boot_sheaves", 0, 1, 0, kNoYes},
};

constexpr std::string_view kAllocFlags[] = {"zero", "account", "reclaimable", "nowait", "thisnode"};
constexpr std::string_view kNolockFlags[] = {"zero", "account", "irqs_off", "preempt_off"};
constexpr std::string_view kPagesFlags[] = {"zero", "account"};
constexpr std::string_view kCacheFlags[] = {"red_zone",    "poison",      "store_user",
                                            "consistency", "reclaimable", "ctor"};
constexpr std::string_view kCallerFlags[] = {"irqs_off", "preempt_off"};
constexpr std::string_view kCacheWord[] = {"cache"};

// Around the ends of buckets. Sizes with few objects to a slab more often: their slabs become full
// and empty within a program.
constexpr std::uint32_t kSizes[] = {8,    16,   24,   64,   96,   128,  192,  256,  512, 1024,
                                    1024, 2048, 2048, 4096, 4096, 8192, 8192, 8193, 0};
constexpr std::uint32_t kAllSizes[] = {8,    16,   24,   64,   96,   128,  192,  256,   512, 1024,
                                       1024, 2048, 4096, 4096, 8192, 8192, 8193, 20000, 0};
constexpr std::uint32_t kBuckets[] = {64, 96, 512, 1024, 2048, 4096, 8192};
constexpr std::uint32_t kCacheSizes[] = {8,    24,   64,   96,   200,  512,
                                         1000, 1024, 1536, 2048, 4096, 8192};
constexpr std::uint32_t kAligns[] = {0, 0, 0, 8, 64, 256};
constexpr std::uint32_t kNodes[] = {0, 1};
constexpr std::uint32_t kOrders[] = {0, 1, 2, 3, 4, 5, 6};
constexpr std::uint32_t kNolockOrders[] = {0, 1, 2, 3};
constexpr std::uint32_t kOffsets[] = {0, 1, 7, 8, 100};

constexpr ArgSpec kNodeArg = {"node", ArgKind::choice, 0, kAnyNode, kNodes, {}, true, kAnyNode};
constexpr ArgSpec kFlagsArg = {"flags", ArgKind::flags, 0, 0, {}, kAllocFlags, true, 0};
constexpr ArgSpec kPagesFlagsArg = {"flags", ArgKind::flags, 0, 0, {}, kPagesFlags, true, 0};
constexpr ArgSpec kNolockFlagsArg = {"flags", ArgKind::flags, 0, 0, {}, kNolockFlags, true, 0};
// Mostly the same few: a cache must have been created to be of use.
constexpr std::uint32_t kCaches[] = {0, 0, 0, 0, 1, 1, 2};
constexpr ArgSpec kCacheArg = {"cache", ArgKind::index, 0, kNamedCaches - 1, kCaches, kCacheWord};

constexpr std::uint32_t code(SlabOp op) {
  return static_cast<std::uint32_t>(op);
}
constexpr std::uint32_t kAnyObject[] = {code(SlabOp::kmalloc), code(SlabOp::kmalloc_nolock),
                                        code(SlabOp::kmem_cache_alloc),
                                        code(SlabOp::kmem_cache_alloc_nolock)};
constexpr std::uint32_t kNolockObject[] = {code(SlabOp::kmalloc_nolock),
                                           code(SlabOp::kmem_cache_alloc),
                                           code(SlabOp::kmem_cache_alloc_nolock)};
constexpr std::uint32_t kCacheObject[] = {code(SlabOp::kmem_cache_alloc),
                                          code(SlabOp::kmem_cache_alloc_from_sheaf),
                                          code(SlabOp::kmem_cache_alloc_nolock)};
constexpr std::uint32_t kPageBlock[] = {code(SlabOp::alloc_pages),
                                        code(SlabOp::alloc_pages_nolock)};
constexpr ArgSpec kObjectArg = {"object", ArgKind::slot, 0, 0, kAnyObject};

constexpr ArgSpec kCallerArg = {"flags", ArgKind::flags, 0, 0, {}, kCallerFlags, true, 0};

constexpr ArgSpec kKmalloc[] = {
    {"size", ArgKind::choice, 0, 8u << 20, kAllSizes},
    kFlagsArg,
    kNodeArg,
};
constexpr ArgSpec kKmallocNolock[] = {
    {"size", ArgKind::choice, 0, 40000, kSizes},
    kNolockFlagsArg,
    kNodeArg,
};
constexpr ArgSpec kObject[] = {kObjectArg};
constexpr ArgSpec kNolockArg = {"object", ArgKind::slot, 0, 0, kNolockObject};
constexpr ArgSpec kToNolock[] = {kNolockArg, kCallerArg};
constexpr ArgSpec kTwice[] = {kNolockArg};
constexpr ArgSpec kToCache[] = {{"object", ArgKind::slot, 0, 0, kCacheObject}};
constexpr ArgSpec kToCacheNolock[] = {{"object", ArgKind::slot, 0, 0, kCacheObject}, kCallerArg};
constexpr ArgSpec kToPages[] = {{"pages", ArgKind::slot, 0, 0, kPageBlock}};
constexpr std::uint32_t kSheaf[] = {code(SlabOp::kmem_cache_prefill_sheaf)};
constexpr std::uint32_t kCounts[] = {1, 2, 3, 4, 5, 8, 12, 13, 30};
constexpr ArgSpec kSheafArg = {"sheaf", ArgKind::slot, 0, 0, kSheaf};
constexpr ArgSpec kCountArg = {"count", ArgKind::choice, 1, 100, kCounts};
constexpr ArgSpec kPrefill[] = {kCacheArg, kCountArg, kFlagsArg};
constexpr ArgSpec kFromSheaf[] = {kSheafArg, kFlagsArg};
constexpr ArgSpec kRefill[] = {kSheafArg, kCountArg, kFlagsArg};
constexpr ArgSpec kToSheaf[] = {kSheafArg};
constexpr ArgSpec kCreate[] = {
    kCacheArg,
    {"size", ArgKind::choice, 0, 20000, kCacheSizes},
    {"align", ArgKind::choice, 0, 8192, kAligns, {}, true, 0},
    {"flags", ArgKind::flags, 0, 0, {}, kCacheFlags, true, 0},
};
constexpr ArgSpec kCacheAlloc[] = {kCacheArg, kFlagsArg, kNodeArg};
constexpr ArgSpec kCacheAllocNolock[] = {kCacheArg, kNolockFlagsArg, kNodeArg};
constexpr ArgSpec kCache[] = {kCacheArg};
constexpr ArgSpec kDamage[] = {
    kObjectArg,
    {"byte", ArgKind::choice, 0, 8191, kOffsets, {}, true, 0},
};
constexpr ArgSpec kPages[] = {
    {"order", ArgKind::choice, 0, 10, kOrders},
    kPagesFlagsArg,
    kNodeArg,
};
constexpr ArgSpec kPagesNolock[] = {
    {"order", ArgKind::choice, 0, 10, kNolockOrders},
    kPagesFlagsArg,
    kNodeArg,
};
constexpr ArgSpec kBucket[] = {{"size", ArgKind::choice, 1, 8192, kBuckets}};

constexpr std::string_view kGroupWord[] = {"group"};
constexpr std::uint32_t kGroups[] = {0, 1};
constexpr ArgSpec kGroup[] = {{"group", ArgKind::index, 0, kPayingGroups - 1, kGroups, kGroupWord}};

constexpr OpSpec kOps[] = {
    {"kmalloc", kMaySpin, false, true, kKmalloc, 8},
    {"kfree", kMaySpin, false, false, kObject, 10},
    {"kmalloc_nolock", kAnyContext, true, true, kKmallocNolock, 16, 8000},
    {"kfree_nolock", kAnyContext, true, false, kToNolock, 12, 500},
    {"ksize", kAnyContext, true, false, kObject, 1, 50},
    {"kmem_cache_create", kTaskOnly, false, false, kCreate, 3},
    {"kmem_cache_alloc", kMaySpin, false, true, kCacheAlloc, 6},
    {"kmem_cache_free", kMaySpin, false, false, kToCache, 4},
    {"kmem_cache_shrink", kTaskOnly, false, false, kCache, 1},
    {"kmem_cache_destroy", kTaskOnly, false, false, kCache, 2},
    {"deferred_work_barrier", kTaskOnly, false, false, {}, 1},
    {"double_free", kAnyContext, true, false, kTwice, 1, 500},
    {"write_after_free", kTaskOnly, false, false, kDamage, 1},
    {"write_past_end", kTaskOnly, false, false, kObject, 1},
    {"wrong_free", kTaskOnly, false, false, kObject, 1},
    {"alloc_pages", kMaySpin, false, true, kPages, 2},
    {"free_pages", kMaySpin, false, false, kToPages, 1},
    {"alloc_pages_nolock", kAnyContext, true, true, kPagesNolock, 1, 8000},
    {"free_pages_nolock", kAnyContext, true, false, kToPages, 1, 4000},
    {"drain_pcp", kTaskOnly, false, false, {}, 1},
    {"drain_parked", kMaySpin, false, false, {}, 1},
    {"shrink_bucket", kTaskOnly, false, false, kBucket, 1},
    {"replace_payer", kTaskOnly, false, false, kGroup, 1},
    {"drain_stock", kTaskOnly, false, false, {}, 1},
    {"kmem_cache_prefill_sheaf", kMaySpin, false, true, kPrefill, 1},
    {"kmem_cache_alloc_from_sheaf", kMaySpin, false, true, kFromSheaf, 1},
    {"kmem_cache_refill_sheaf", kMaySpin, false, false, kRefill, 1},
    {"kmem_cache_return_sheaf", kMaySpin, false, false, kToSheaf, 1},
    {"kmem_cache_alloc_nolock", kAnyContext, true, true, kCacheAllocNolock, 5, 8000},
    {"kmem_cache_free_nolock", kAnyContext, true, false, kToCacheNolock, 4, 500},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, defer::site::kTable,      page::site::kTable,     slab::site::kTable,
    defer::site::kWorkTable,  defer::site::kGraceTable, page::site::kMemcgTable};

}  // namespace

const program::Schema kSlabSchema = {"slab", 2, kParams, kOps, kSites};

}  // namespace anyctx::target
