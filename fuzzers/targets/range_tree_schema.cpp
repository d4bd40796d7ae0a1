#include "fuzzers/targets/range_tree_schema.h"

#include "fuzzers/targets/param_words.h"
#include "lib/bpf/sites.h"
#include "lib/defer/sites.h"
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

constexpr std::uint32_t kMost = UINT32_MAX;

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 64, kMostRangeTreePages, 64, {}},
    {"limit", 0, kMost, 64, {}},  // 0: 2^32
    {"whole", 0, 1, 1, kNoYes},   // everything is set at first, as the slots of an arena
};

// Few numbers near each other, so that ranges adjoin, overlap and lie in each other; the whole of
// small sets; the ends of large ones.
constexpr std::uint32_t kStarts[] = {0,  0,  1,  2,  3,  4, 5, 6, 7, 8, 10, 12, 16, 20,      24,
                                     32, 48, 62, 63, 64, 0, 1, 2, 4, 8, 16, 40, 65, 1048575, kMost};
constexpr std::uint32_t kLengths[] = {1, 1, 1,  1,  2,  2,  2,  3,  4,       5,
                                      6, 8, 10, 16, 32, 63, 64, 65, 1048576, 0};
constexpr std::uint32_t kFound[] = {1, 1, 1, 2, 2, 3, 4, 6, 8, 16, 60, 64, 65, 0};
constexpr std::uint32_t kTeeth[] = {2, 4, 8, 16, 31, 40};
constexpr std::uint32_t kCounts[] = {1, 4, 16, 40, 60, 64};

constexpr ArgSpec kStart = {"start", ArgKind::choice, 0, kMost, kStarts};
constexpr ArgSpec kLength = {"length", ArgKind::choice, 0, kMost, kLengths};
// 2^32 is to be added so often: the length of everything, or of more.
constexpr ArgSpec kHigh = {"high", ArgKind::number, 0, 1, {}, {}, true, 0};
constexpr ArgSpec kRange[] = {kStart, kLength, kHigh};
constexpr ArgSpec kSearch[] = {{"length", ArgKind::choice, 0, kMost, kFound}, kHigh};
// Every other number of so many is cleared.
constexpr ArgSpec kComb[] = {kStart, {"teeth", ArgKind::choice, 1, 48, kTeeth}};
constexpr ArgSpec kDestroy[] = {{"whole", ArgKind::number, 0, 1, {}, {}, true, 1}};
constexpr ArgSpec kCount[] = {{"count", ArgKind::choice, 1, 64, kCounts}};

constexpr OpSpec kOps[] = {
    {"set", kAnyContext, true, false, kRange, 12, 20'000},
    {"clear", kAnyContext, true, false, kRange, 14, 20'000},
    {"is_set", kAnyContext, true, false, kRange, 3, 20'000},
    {"find", kAnyContext, true, false, kSearch, 4, 20'000},
    {"find_and_clear", kAnyContext, true, false, kSearch, 6, 20'000},
    {"comb", kAnyContext, true, false, kComb, 2, 20'000},
    {"destroy", kTaskOnly, true, false, kDestroy, 1, 20'000},
    {"take_objects", kAnyContext, true, false, kCount, 3, 10'000},
    {"take_pages", kAnyContext, true, false, kCount, 3, 10'000},
    {"give_back", kAnyContext, true, false, {}, 1, 8000},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, sync::site::kTable, defer::site::kTable,
    page::site::kTable,       slab::site::kTable, bpf::site::kTable};

}  // namespace

const program::Schema kRangeTreeSchema = {"range_tree", 3, kParams, kOps, kSites};

}  // namespace anyctx::target
