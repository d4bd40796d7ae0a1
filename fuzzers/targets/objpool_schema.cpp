#include "fuzzers/targets/objpool_schema.h"

#include "fuzzers/targets/param_words.h"
#include "lib/bpf/pool_sites.h"

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
    {"smp", 0, 1, 1, kNoYes},
    {"rt", 0, 1, 0, kNoYes},
    {"count", 1, kMostPoolObjects, 4, {}},
    {"size", 1, kLargestPoolObject, 16, {}},
};

constexpr std::uint32_t kCounts[] = {1, 1, 2, 2, 3, 4, 5, 8};
// Those of a new pool: the first ones are refused.
constexpr std::uint32_t kPools[] = {0, (1 << 24) + 1, 1, 2, 3, 4, 5, 7, 8, 9, 64};
constexpr std::uint32_t kSizes[] = {0, (1 << 16) + 1, 1, 7, 8, 9, 64, 256};
constexpr std::uint32_t kPlaces[] = {0, 0, 0, 0, 1, 2, 5};

constexpr ArgSpec kObject[] = {{"object", ArgKind::slot, 0, 0, {}}};
// So many are popped, and pushed again, the first one first or last.
constexpr ArgSpec kChurn[] = {{"count", ArgKind::choice, 1, 8, kCounts},
                              {"reverse", ArgKind::number, 0, 1, {}, {}, true, 0}};
// `refused`: which object, counted from 1, its preparation refuses.
constexpr ArgSpec kRecreate[] = {{"count", ArgKind::choice, 0, UINT32_MAX, kPools},
                                 {"size", ArgKind::choice, 0, UINT32_MAX, kSizes},
                                 {"refused", ArgKind::choice, 0, 64, kPlaces, {}, true, 0}};

constexpr OpSpec kOps[] = {
    {"pop", kAnyContext, true, true, {}, 12, 200},
    {"push", kAnyContext, true, false, kObject, 12, 200},
    {"churn", kAnyContext, true, false, kChurn, 12, 1000},
    {"recreate", kTaskOnly, false, false, kRecreate, 1},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {machine::kOperationTable,
                                                         bpf::site::kObjPoolTable};

}  // namespace

const program::Schema kObjPoolSchema = {"objpool", 9, kParams, kOps, kSites};

}  // namespace anyctx::target
