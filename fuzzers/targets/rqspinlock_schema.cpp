#include "fuzzers/targets/rqspinlock_schema.h"

#include "fuzzers/targets/param_words.h"
#include "fuzzers/targets/rqspinlock_sites.h"
#include "lib/sync/sites.h"

namespace anyctx::target {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::kAnyContext;
using program::kTaskOnly;
using program::OpSpec;
using program::ParamSpec;

// A queue needs four: an owner, a pending waiter, a head and somebody behind it.
constexpr ParamSpec kParams[] = {
    {"cpus", 1, 4, 4, {}},
    {"smp", 0, 1, 1, kNoYes},
    {"rt", 0, 1, 0, kNoYes},
    {"test_and_set", 0, 1, 0, kNoYes},
};

// Mostly the same few, so that programs contend, and some that no interrupt takes.
constexpr std::uint32_t kLocks[] = {0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 4, 5, 39};
// Milliseconds, on either side of what a waiter stands: 1, 250, 500 and 1000.
constexpr std::uint32_t kTimes[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 20, 260, 600, 1100};
// Around the size of a table of held locks.
constexpr std::uint32_t kCounts[] = {2, 3, 29, 30, 31, 32, 34};
constexpr std::uint32_t kPlaces[] = {0, 1, 29, 30, 31, 33};

constexpr std::string_view kLockWord[] = {"lock"};
constexpr std::string_view kFlags[] = {"irqsave", "retry"};
constexpr ArgSpec kLock = {"lock", ArgKind::index, 0, kRqsLocks - 1, kLocks, kLockWord};
constexpr ArgSpec kSecond = {"second", ArgKind::index, 0, kRqsLocks - 1, kLocks, kLockWord};
constexpr ArgSpec kThird = {"third", ArgKind::index, 0, kRqsLocks - 1, kLocks, kLockWord};
constexpr ArgSpec kDwell = {"ms", ArgKind::choice, 0, 5000, kTimes, {}, true, 0};
constexpr ArgSpec kFlagsArg = {"flags", ArgKind::flags, 0, 0, {}, kFlags, true, 0};

constexpr ArgSpec kLock1Args[] = {kLock, kDwell, kFlagsArg};
// The time passes before the last lock is attempted, so that cycles need no luck.
constexpr ArgSpec kLock2Args[] = {kLock, kSecond, kDwell, kFlagsArg};
constexpr ArgSpec kLock3Args[] = {kLock, kSecond, kThird, kDwell};
// `count` locks from `lock` on, then the one at place `again` once more.
constexpr ArgSpec kManyArgs[] = {
    kLock,
    {"count", ArgKind::choice, 1, kRqsLocks, kCounts},
    {"again", ArgKind::choice, 0, kRqsLocks - 1, kPlaces},
    kDwell,
};
constexpr ArgSpec kUnheldArgs[] = {kLock};
constexpr ArgSpec kOutOfOrderArgs[] = {kLock, kSecond};
constexpr ArgSpec kWaitArgs[] = {{"ms", ArgKind::choice, 0, 5000, kTimes}};

constexpr OpSpec kOps[] = {
    {"lock", kAnyContext, false, false, kLock1Args, 16},
    {"lock2", kAnyContext, false, false, kLock2Args, 12},
    {"lock3", kAnyContext, false, false, kLock3Args, 3},
    {"lock_many", kAnyContext, false, false, kManyArgs, 2},
    {"unlock_unheld", kTaskOnly, false, false, kUnheldArgs, 1},
    {"unlock_out_of_order", kTaskOnly, false, false, kOutOfOrderArgs, 1},
    {"wait", kTaskOnly, false, false, kWaitArgs, 1},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {machine::kOperationTable,
                                                         sync::site::kTable, site::kSectionTable};

}  // namespace

const program::Schema kRqSpinLockSchema = {"rqspinlock", 4, kParams, kOps, kSites};

}  // namespace anyctx::target
