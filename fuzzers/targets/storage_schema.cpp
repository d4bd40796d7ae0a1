#include "fuzzers/targets/storage_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "lib/bpf/local_storage_sites.h"
#include "lib/defer/sites.h"
#include "lib/page/memcg_sites.h"
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

constexpr std::string_view kReaders[] = {"rcu", "any"};
constexpr std::string_view kWithoutCas2[] = {"trylock", "fail", "sheaf"};

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 64, kMostStoragePages, 128, {}},
    {"encoded", 0, 1, 0, kNoYes},
    {"debug", 0, 3, 0, kDebug},
    {"design", 0, 1, 0, kDesigns},
    {"readers", 0, 1, 1, kReaders},
    // What a machine without a double-word swap does: the last two are refused more often.
    {"without_cas2", 0, 2, 0, kWithoutCas2},
    {"size", 8, 2048, 64, {}},
    // Bytes that an owner may have; 0: any.
    {"limit", 0, 8192, 0, {}},
    {"same_slot", 0, 1, 0, kNoYes},
};

constexpr std::uint32_t kOwners[] = {0, 0, 0, 0, 1, 1, 2, 3};
constexpr std::uint32_t kMaps[] = {0, 0, 0, 1, 1, 2};
constexpr std::uint32_t kFlags[] = {0, 0, 0, 0, 1, 1, 2, 2, 3};
constexpr std::uint32_t kLooks[] = {0, 1, 1, 2, 3};
constexpr std::uint32_t kCounts[] = {1, 2, 3, 9};
constexpr std::string_view kOwnerWord[] = {"owner"};
constexpr std::string_view kMapWord[] = {"map"};
constexpr std::string_view kReaderWord[] = {"reader"};
constexpr std::string_view kChildWord[] = {"owner"};
constexpr ArgSpec kOwner = {"owner", ArgKind::index, 0, kStorageOwners - 1, kOwners, kOwnerWord};
constexpr ArgSpec kChild = {"child", ArgKind::index, 0, kStorageOwners - 1, {}, kChildWord};
constexpr ArgSpec kMap = {"map", ArgKind::index, 0, kStorageMaps - 1, kMaps, kMapWord};
// 0: any, 1: if there is no value, 2: if there is one.
constexpr ArgSpec kFlagsArg = {"flags", ArgKind::choice, 0, 4, kFlags, {}, true, 0};
// RCU, SRCU-fast.
constexpr ArgSpec kReader = {"reader", ArgKind::index, 0, 1, {}, kReaderWord};
constexpr ArgSpec kLooksArg = {"looks", ArgKind::choice, 0, 8, kLooks, {}, true, 1};

constexpr ArgSpec kUpdateArgs[] = {kOwner, kMap, kFlagsArg};
constexpr ArgSpec kPairArgs[] = {kOwner, kMap};
constexpr ArgSpec kLookupArgs[] = {kOwner, kMap, kReader, kLooksArg};
constexpr ArgSpec kOwnerArgs[] = {kOwner};
constexpr ArgSpec kMapArgs[] = {kMap};
constexpr ArgSpec kForkArgs[] = {kOwner, kChild};
constexpr ArgSpec kChurnArgs[] = {{"count", ArgKind::choice, 1, 16, kCounts}};

constexpr OpSpec kOps[] = {
    {"update", kAnyContext, true, false, kUpdateArgs, 16, 14'000},
    {"remove", kAnyContext, true, false, kPairArgs, 7, 10'000},
    {"lookup", kAnyContext, true, false, kLookupArgs, 12, 10'000},
    {"end_owner", kAnyContext, true, false, kOwnerArgs, 6, 10'000},
    {"destroy_map", kTaskOnly, false, false, kMapArgs, 5},
    {"fork", kAnyContext, true, false, kForkArgs, 4, 14'000},
    {"churn", kAnyContext, true, false, kChurnArgs, 4, 8000},
    {"synchronize", kTaskOnly, false, false, {}, 2},
};

// Users look at values as those of the reclaim target do at things.
constexpr machine::SiteInfo kLookTable[] = {site::kReclaimTable[1]};
static_assert(kLookTable[0].site == site::look);

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, sync::site::kTable, defer::site::kTable,     defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable, page::site::kMemcgTable, slab::site::kTable,
    bpf::site::kStorageTable, kLookTable,
};

}  // namespace

const program::Schema kStorageSchema = {"storage", 10, kParams, kOps, kSites};

}  // namespace anyctx::target
