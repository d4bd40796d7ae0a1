#include "fuzzers/targets/reclaim_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "inject/sim/scheduler_lock.h"
#include "lib/defer/sites.h"
#include "lib/page/sites.h"
#include "lib/slab/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::kMaySpin;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

constexpr std::string_view kSchemes[] = {"rcu", "srcu_fast", "typesafe_rcu", "typesafe_srcu"};

constexpr std::string_view kRqLock[] = {"nobody", "task1", "tasks"};

constexpr std::string_view kMemory[] = {"all", "high", "low", "min"};

constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 2, {}},         {"rt", 0, 1, 0, kNoYes},
    {"smp", 0, 1, 1, kNoYes},      {"cas2", 0, 1, 1, kNoYes},
    {"scheme", 0, 3, 0, kSchemes}, {"pages", 64, kMostReclaimPages, 128, {}},
    {"encoded", 0, 1, 0, kNoYes},  {"debug", 0, 3, 0, kDebug},
    {"size", 96, 4096, 256, {}},   {"head", 0, 2, 0, {}},
    {"design", 0, 1, 0, kDesigns}, {"rq_lock", 0, 2, 0, kRqLock},
    {"memory", 0, 3, 0, kMemory},
};

constexpr std::uint32_t kSlots[] = {0, 0, 0, 1, 1, 2, 3};
constexpr std::uint32_t kLooks[] = {0, 1, 1, 2, 3};
constexpr std::uint32_t kCounts[] = {1, 1, 2, 3, 9};
constexpr std::string_view kSlotWord[] = {"slot"};
constexpr std::string_view kReaderWord[] = {"reader"};
constexpr std::string_view kHowWord[] = {"how"};
constexpr std::string_view kKindWord[] = {"kind"};
constexpr ArgSpec kSlot = {"slot", ArgKind::index, 0, kReclaimSlots - 1, kSlots, kSlotWord};
// RCU, SRCU-fast, Tasks Trace.
constexpr ArgSpec kReader = {"reader", ArgKind::index, 0, 2, {}, kReaderWord};
// By a word in the object, by a callback.
constexpr ArgSpec kHow = {"how", ArgKind::index, 0, 1, {}, kHowWord};
// RCU, SRCU-fast.
constexpr ArgSpec kKind = {"kind", ArgKind::index, 0, 1, {}, kKindWord};
constexpr ArgSpec kLooksArg = {"looks", ArgKind::choice, 0, 8, kLooks, {}, true, 1};

constexpr ArgSpec kUpdateArgs[] = {kSlot, kHow};
constexpr ArgSpec kSlotArgs[] = {kSlot};
constexpr ArgSpec kReadArgs[] = {kSlot, kReader, kLooksArg};
constexpr ArgSpec kTakeArgs[] = {kHow};
constexpr ArgSpec kWalkArgs[] = {kReader, kLooksArg};
constexpr ArgSpec kChurnArgs[] = {{"count", ArgKind::choice, 1, 16, kCounts}};
constexpr ArgSpec kKindArgs[] = {kKind};

constexpr OpSpec kOps[] = {
    {"publish", kAnyContext, true, false, kUpdateArgs, 14, 8000},
    {"unpublish", kAnyContext, true, false, kUpdateArgs, 10, 500},
    {"unpublish_spinning", kMaySpin, false, false, kSlotArgs, 3},
    {"read", kAnyContext, true, false, kReadArgs, 14, 500},
    {"borrow", kAnyContext, true, false, kReadArgs, 6, 500},
    {"push", kAnyContext, true, false, {}, 6, 8000},
    {"take_list", kAnyContext, true, false, kTakeArgs, 4, 1000},
    {"walk", kAnyContext, true, false, kWalkArgs, 6, 500},
    {"churn", kAnyContext, true, false, kChurnArgs, 6, 8000},
    {"synchronize", kTaskOnly, false, false, kKindArgs, 2},
    {"barrier", kTaskOnly, false, false, kKindArgs, 2},
    {"kvfree_rcu_barrier", kTaskOnly, false, false, {}, 2},
    {"deferred_work_barrier", kTaskOnly, false, false, {}, 1},
    {"shrink", kTaskOnly, false, false, {}, 3},
    {"recreate", kTaskOnly, false, false, {}, 2},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, defer::site::kTable,     defer::site::kWorkTable,
    defer::site::kGraceTable, page::site::kTable,      slab::site::kTable,
    site::kReclaimTable,      inject::kSchedulerTable,
};

}  // namespace

const program::Schema kReclaimSchema = {"reclaim", 6, kParams, kOps, kSites};

}  // namespace anyctx::target
