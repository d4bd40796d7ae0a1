#include "fuzzers/targets/hashtab_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "lib/bpf/pool_sites.h"
#include "lib/defer/sites.h"
#include "lib/page/sites.h"
#include "lib/slab/sites.h"
#include "lib/sync/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::OpSpec;
using program::ParamSpec;

constexpr std::string_view kLocks[] = {"resilient", "guarded"};

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},
    {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},
    {"cas2", 0, 1, 1, kNoYes},
    {"pages", 64, kMostHashTabPages, 64, {}},
    {"entries", 1, kMostHashEntries, 4, {}},
    {"words", 1, kMostValueWords, 1, {}},  // of a value
    {"prealloc", 0, 1, 1, kNoYes},
    {"locks", 0, 1, 0, kLocks},
    {"seed", 0, 15, 0, {}},  // of the hash function
};

constexpr std::uint32_t kKeys[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 9, 12};
// Any, no_exist, exist, and one that is refused.
constexpr std::uint32_t kFlags[] = {0, 0, 0, 0, 1, 1, 2, 2, 3};
constexpr std::uint32_t kLooks[] = {0, 0, 1, 2, 3};
constexpr std::uint32_t kCounts[] = {1, 4, 16, 40, 60, 64};

constexpr std::string_view kKeyWord[] = {"key"};
constexpr ArgSpec kKey = {"key", ArgKind::index, 0, kHashKeys - 1, kKeys, kKeyWord};
constexpr ArgSpec kUpdate[] = {kKey, {"flags", ArgKind::choice, 0, 15, kFlags, {}, true, 0}};
constexpr ArgSpec kRemove[] = {kKey};
constexpr ArgSpec kLookup[] = {kKey, {"looks", ArgKind::choice, 0, 8, kLooks, {}, true, 0}};
constexpr ArgSpec kCount[] = {{"count", ArgKind::choice, 1, 64, kCounts}};

// Updates wait, as resilient locks do.
constexpr OpSpec kOps[] = {
    {"update", kAnyContext, false, false, kUpdate, 16},
    {"remove", kAnyContext, false, false, kRemove, 8},
    {"lookup", kAnyContext, true, false, kLookup, 10, 500},
    {"take_objects", kAnyContext, true, false, kCount, 1, 8000},
    {"give_back", kAnyContext, true, false, {}, 1, 10'000},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, sync::site::kTable,
    defer::site::kTable,      defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable,
    slab::site::kTable,       std::span(site::kReclaimTable).last(1),
    bpf::site::kHashTabTable,
};

}  // namespace

const program::Schema kHashTabSchema = {"hashtab", 8, kParams, kOps, kSites};

}  // namespace anyctx::target
