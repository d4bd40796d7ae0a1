#include "fuzzers/targets/page_schema.h"

#include "fuzzers/targets/param_words.h"
#include "lib/defer/sites.h"
#include "lib/page/gfp.h"
#include "lib/page/memcg_sites.h"
#include "lib/page/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::kMaySpin;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

// Small memories with small pageblocks: everything happens within a few dozen operations.
constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"pages", 64, kMostPages, 256},
    {"page_size", 0, 1, 0, kPageSizes},
    {"nodes", 1, 2, 1},
    {"dma32", 0, 1, 0, kNoYes},
    {"pageblock", 2, 10, 4},
    {"min_pages", 0, 256, 0},
    {"pcp_batch", 0, 63, 0},
    {"pcp_high", 0, 256, 0},
    {"unaccepted", 0, kMostPages, 0},
    {"deferred_init", 0, 1, 0, kNoYes},
    {"boost", 0, 1, 0, kNoYes},
    {"memcg", 0, 1, 0, kNoYes},
};

// The bits are those of page::Gfp.
constexpr std::string_view kFlags[] = {
    "zero",   "account", "nowarn",  "nomemalloc",  "comp",     "direct_reclaim",
    "kswapd", "high",    "movable", "reclaimable", "thisnode", "dma32",
};
static_assert(page::gfp::zero == page::Gfp{1u << 0} && page::gfp::comp == page::Gfp{1u << 4} &&
              page::gfp::direct_reclaim == page::Gfp{1u << 5} &&
              page::gfp::movable == page::Gfp{1u << 8} && page::gfp::dma32 == page::Gfp{1u << 11});
constexpr std::string_view kNolockFlags[] = {"zero", "account"};

constexpr std::uint32_t kOrders[] = {0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 10};
constexpr std::uint32_t kNolockOrders[] = {0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4};
constexpr std::uint32_t kNodes[] = {0, 1};
constexpr std::uint32_t kPageblocks[] = {0, 1, 2, 3};
constexpr std::uint32_t kPieces[] = {0, 1, 2, 3};
constexpr std::string_view kCpuWord[] = {"cpu"};
constexpr std::string_view kNodeWord[] = {"node"};
constexpr std::string_view kBlockWord[] = {"block"};

constexpr ArgSpec kNode = {"node", ArgKind::choice, 0, kAnyPageNode, kNodes, {},
                           true,   kAnyPageNode};
constexpr ArgSpec kAlloc[] = {
    {"order", ArgKind::choice, 0, 12, kOrders},
    {"flags", ArgKind::flags, 0, 0, {}, kFlags, true, 0},
    kNode,
};
constexpr ArgSpec kAllocNolock[] = {
    {"order", ArgKind::choice, 0, 12, kNolockOrders},
    {"flags", ArgKind::flags, 0, 0, {}, kNolockFlags, true, 0},
    kNode,
};
constexpr ArgSpec kBlockArg[] = {{"block", ArgKind::slot}};
constexpr ArgSpec kGet[] = {
    {"block", ArgKind::slot},
    {"page", ArgKind::choice, 0, 1023, kPieces, {}, true, 0},  // of a compound block
};
constexpr ArgSpec kCpu[] = {{"cpu", ArgKind::index, 0, 3, {}, kCpuWord}};
constexpr ArgSpec kNodeIndex[] = {{"node", ArgKind::index, 0, 1, {}, kNodeWord}};
constexpr ArgSpec kPageblock[] = {{"pageblock", ArgKind::index, 0, 63, kPageblocks, kBlockWord}};

constexpr OpSpec kOps[] = {
    {"alloc_pages", kMaySpin, false, true, kAlloc, 12},
    {"alloc_pages_nolock", kAnyContext, true, true, kAllocNolock, 16, 8000},
    {"free_pages", kMaySpin, false, false, kBlockArg, 8},
    {"free_pages_nolock", kAnyContext, true, false, kBlockArg, 14, 4000},
    {"get_page", kAnyContext, true, true, kGet, 2, 50},
    {"put_page", kMaySpin, false, false, kBlockArg, 2},
    {"touch", kAnyContext, true, false, kBlockArg, 1, 50},
    {"drain_parked", kMaySpin, false, false, {}, 2},
    {"drain_pcp", kTaskOnly, false, false, kCpu, 1},
    {"trim_pcp", kTaskOnly, false, false, {}, 1},
    {"balance", kTaskOnly, false, false, kNodeIndex, 1},
    {"isolate_pageblock", kMaySpin, false, false, kPageblock, 1},
    {"unisolate_pageblock", kMaySpin, false, false, kPageblock, 1},
    {"finish_deferred_init", kTaskOnly, false, false, {}, 1},
    {"double_free", kTaskOnly, true, false, kBlockArg, 1, 500},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, defer::site::kTable, page::site::kTable, page::site::kMemcgTable};

}  // namespace

const program::Schema kPageSchema = {"page", 1, kParams, kOps, kSites};

}  // namespace anyctx::target
