#include "fuzzers/targets/arena_schema.h"

#include "fuzzers/targets/param_words.h"
#include "lib/bpf/sites.h"
#include "lib/defer/sites.h"
#include "lib/page/memcg_sites.h"
#include "lib/page/memory_sites.h"
#include "lib/page/sites.h"
#include "lib/slab/sites.h"
#include "lib/sync/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

constexpr std::string_view kExtents[] = {"entries", "large", "4g"};
constexpr std::string_view kBases[] = {"zero", "top", "middle"};
constexpr std::string_view kMappings[] = {"exact", "longer", "shorter", "none"};

// Small arenas with small batches: everything happens within a few dozen operations.
constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 64, 512, 192},
    {"page_size", 0, 1, 0, kPageSizes},
    {"entries", 1, 64, 16},
    {"extent", 0, 2, 0, kExtents},
    {"base", 0, 2, 0, kBases},
    {"placed", 0, 1, 1, kNoYes},
    {"mapping", 0, 3, 0, kMappings},
    {"segv", 0, 1, 0, kNoYes},
    {"batch", 0, 64, 4},
    {"no_objects", 0, 1, 0, kNoYes},
    {"processes", 1, 3, 2},
};

constexpr std::string_view kPlaceFlags[] = {
    "irqs_off", "preempt_off", "garbage", "low32",     "whole",
    "from_end", "unaligned",   "below",   "bad_flags", "null",
};
constexpr std::span kFreeFlags = std::span(kPlaceFlags).first(4);
constexpr std::span kAllocFlags = std::span(kPlaceFlags).first(9);
constexpr std::string_view kAccessFlags[] = {
    "write", "from_end", "below", "unaligned", "low_guard", "high_guard",
};
constexpr std::span kTouchFlags = std::span(kAccessFlags).first(4);
constexpr std::string_view kMmapFlags[] = {
    "elsewhere", "anywhere", "offset", "privately", "longer", "shorter", "huge",
};
constexpr std::string_view kCreateFlags[] = {
    "key", "value", "not_mmapable", "segv", "unknown", "unaligned", "crossing", "placed",
};

// Around the batch, which is 4 unless the program says something else.
constexpr std::uint32_t kCounts[] = {1, 1, 1, 1, 2, 2, 2,  3,  3,  4,          4,
                                     5, 5, 7, 8, 9, 9, 13, 16, 17, 0xffff'ffff};
constexpr std::uint32_t kPages[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16};
constexpr std::uint32_t kNodes[] = {0, 1};
constexpr std::uint32_t kEntries[] = {1, 2, 16, 64, 0, 1u << 20, (1u << 20) + 1, 0xffff'ffff};
constexpr std::uint32_t kProcesses[] = {0, 0, 0, 0, 1, 1, 2};
constexpr std::string_view kPageWord[] = {"page"};
constexpr std::string_view kProcessWord[] = {"process"};
constexpr std::string_view kMapOpWord[] = {"op"};

constexpr ArgSpec kMemory = {"memory", ArgKind::slot};
constexpr ArgSpec kCount = {"count", ArgKind::choice, 0, 0xffff'ffff, kCounts};
constexpr ArgSpec kPage = {"page", ArgKind::index, 0, kNowhere, kPages, kPageWord};
constexpr ArgSpec kFlags = {"flags", ArgKind::flags, 0, 0, {}, kPlaceFlags, true, 0};
constexpr ArgSpec kNode = {"node", ArgKind::choice, 0, 2, kNodes, {}, true, kNodeNone};
constexpr ArgSpec kProcess = {"process", ArgKind::index, 0, 2, kProcesses, kProcessWord};
constexpr ArgSpec kChild = {"child", ArgKind::index, 0, 2, kProcesses, kProcessWord};

constexpr ArgSpec kAlloc[] = {
    kCount,
    {"at", ArgKind::index, 0, kNowhere, kPages, kPageWord, true, kNowhere},
    {"flags", ArgKind::flags, 0, 0, {}, kAllocFlags, true, 0},
    kNode,
};
constexpr ArgSpec kFree[] = {
    kMemory,
    {"skip", ArgKind::choice, 0, 0xffff, kPages, {}, true, 0},
    {"count", ArgKind::choice, 0, 0xffff'ffff, kCounts, {}, true, 0},  // 0: the rest
    {"flags", ArgKind::flags, 0, 0, {}, kFreeFlags, true, 0},
};
constexpr ArgSpec kRange[] = {kPage, kCount, kFlags};
constexpr ArgSpec kAccess = {"flags", ArgKind::flags, 0, 0, {}, kAccessFlags, true, 0};
constexpr ArgSpec kAt[] = {kPage, kAccess};
constexpr ArgSpec kTouch[] = {
    kProcess, kPage, {"flags", ArgKind::flags, 0, 0, {}, kTouchFlags, true, 0}};
constexpr ArgSpec kByte[] = {kPage, {"flags", ArgKind::flags, 0, 0, {}, kTouchFlags, true, 0}};
constexpr ArgSpec kMmap[] = {kProcess, {"flags", ArgKind::flags, 0, 0, {}, kMmapFlags, true, 0}};
constexpr ArgSpec kOf[] = {kProcess};
constexpr ArgSpec kFork[] = {kProcess, kChild};
constexpr ArgSpec kCreate[] = {
    {"entries", ArgKind::choice, 0, 0xffff'ffff, kEntries},
    {"flags", ArgKind::flags, 0, 0, {}, kCreateFlags, true, 0},
};
constexpr ArgSpec kMapOp[] = {{"op", ArgKind::index, 0, 6, {}, kMapOpWord}};

constexpr OpSpec kOps[] = {
    {"alloc_pages", kTaskOnly, false, true, kAlloc, 12},
    {"alloc_pages_non_sleepable", kAnyContext, true, true, kAlloc, 12, 20'000},
    {"free_pages", kTaskOnly, false, false, kFree, 10},
    {"free_pages_non_sleepable", kAnyContext, true, false, kFree, 10, 4000},
    {"free_range", kTaskOnly, false, false, kRange, 4},
    {"free_range_non_sleepable", kAnyContext, true, false, kRange, 4, 4000},
    {"reserve_pages", kAnyContext, true, false, kRange, 6, 14'000},
    {"program_access", kAnyContext, true, false, kAt, 6, 500},
    {"kernel_access", kAnyContext, true, false, kAt, 3, 500},
    {"touch", kTaskOnly, false, false, kTouch, 10},
    {"mmap", kTaskOnly, false, false, kMmap, 3},
    {"munmap", kTaskOnly, false, false, kOf, 2},
    {"fork", kTaskOnly, false, false, kFork, 1},
    {"exit", kTaskOnly, false, false, kOf, 1},
    {"map_create", kTaskOnly, false, false, kCreate, 2},
    {"map_destroy", kTaskOnly, false, false, {}, 2},
    {"map_op", kTaskOnly, false, false, kMapOp, 1},
    {"direct_value", kTaskOnly, false, false, kByte, 1},
    {"mem_usage", kAnyContext, true, false, {}, 1, 50},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, sync::site::kTable,     defer::site::kTable, defer::site::kWorkTable,
    page::site::kTable,       slab::site::kTable,     bpf::site::kTable,   bpf::site::kArenaTable,
    page::site::kMemoryTable, page::site::kMemcgTable};

}  // namespace

const program::Schema kArenaSchema = {"arena", 5, kParams, kOps, kSites};

}  // namespace anyctx::target
