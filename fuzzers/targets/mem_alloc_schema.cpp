#include "fuzzers/targets/mem_alloc_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "lib/bpf/sites.h"
#include "lib/defer/sites.h"
#include "lib/page/sites.h"
#include "lib/slab/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 128, kMostMemAllocPages, 256, {}},
    {"size", 0, kMaxMemAllocSize, 0, {}},  // of all objects; 0: any size
    {"design", 0, 1, 0, kDesigns},
};

constexpr std::uint32_t kSizes[] = {8, 56, 120, 184, 248, 504, 1016, 2040, 4088, 4088, 4088, 4089};
constexpr std::uint32_t kCells[] = {0, 0, 0, 1, 1, 2, 3};
constexpr std::uint32_t kLooks[] = {0, 1, 1, 2, 3};
constexpr std::uint32_t kCounts[] = {1, 2, 4, 7, 8, 16};
constexpr std::uint32_t kObject[] = {static_cast<std::uint32_t>(MemAllocOp::alloc)};
constexpr std::string_view kCellWord[] = {"cell"};
constexpr std::string_view kReaderWord[] = {"reader"};
constexpr std::string_view kHowWord[] = {"how"};
constexpr std::string_view kKindWord[] = {"kind"};

constexpr ArgSpec kSize = {"size", ArgKind::choice, 0, 4096, kSizes};
constexpr ArgSpec kCell = {"cell", ArgKind::index, 0, kMemAllocCells - 1, kCells, kCellWord};
// At once, after a grace period of RCU.
constexpr ArgSpec kHow = {"how", ArgKind::index, 0, 1, {}, kHowWord};
// RCU, Tasks Trace.
constexpr ArgSpec kReader = {"reader", ArgKind::index, 0, 1, {}, kReaderWord};
// RCU, SRCU-fast.
constexpr ArgSpec kKind = {"kind", ArgKind::index, 0, 1, {}, kKindWord};
constexpr ArgSpec kLooksArg = {"looks", ArgKind::choice, 0, 8, kLooks, {}, true, 1};
// Whether the reader puts something into the object that goes with its memory.
constexpr ArgSpec kPuts = {"puts", ArgKind::number, 0, 1, {}, {}, true, 0};

constexpr ArgSpec kAllocArgs[] = {kSize};
constexpr ArgSpec kFreeArgs[] = {{"object", ArgKind::slot, 0, 0, kObject}};
constexpr ArgSpec kPublishArgs[] = {kCell, kSize, kHow};
constexpr ArgSpec kUnpublishArgs[] = {kCell, kHow};
constexpr ArgSpec kReadArgs[] = {kCell, kReader, kLooksArg, kPuts};
constexpr ArgSpec kChurnArgs[] = {kSize, {"count", ArgKind::choice, 1, 16, kCounts}, kHow};
constexpr ArgSpec kStandArgs[] = {kReader, kLooksArg};
constexpr ArgSpec kKindArgs[] = {kKind};

constexpr OpSpec kOps[] = {
    {"alloc", kAnyContext, true, true, kAllocArgs, 14, 500},
    {"free", kAnyContext, true, false, kFreeArgs, 8, 500},
    {"free_rcu", kAnyContext, true, false, kFreeArgs, 8, 500},
    {"publish", kAnyContext, true, false, kPublishArgs, 10, 500},
    {"unpublish", kAnyContext, true, false, kUnpublishArgs, 6, 500},
    {"read", kAnyContext, true, false, kReadArgs, 10, 500},
    {"churn", kAnyContext, true, false, kChurnArgs, 8, 4000},
    {"create", kTaskOnly, false, false, {}, 2},
    {"destroy", kTaskOnly, false, false, {}, 3},
    {"synchronize", kTaskOnly, false, false, kKindArgs, 2},
    {"barrier", kTaskOnly, false, false, kKindArgs, 2},
    {"stand", kAnyContext, true, false, kStandArgs, 5, 1000},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable,  defer::site::kTable, defer::site::kWorkTable,
    defer::site::kGraceTable,  page::site::kTable,  slab::site::kTable,
    bpf::site::kMemAllocTable, site::kReclaimTable,
};

}  // namespace

const program::Schema kMemAllocSchema = {"mem_alloc", 7, kParams, kOps, kSites};

}  // namespace anyctx::target
