#include "fuzzers/targets/stream_schema.h"

#include "fuzzers/targets/param_words.h"
#include "lib/bpf/stream_sites.h"
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
    {"pages", 64, kMostStreamPages, 128, {}},
    {"encoded", 0, 1, 0, kNoYes},
    {"debug", 0, 3, 0, kDebug},
    {"design", 0, 1, 0, kDesigns},
    {"capacity", 0, 2048, 1024, {}},
};

// Around the headers of pieces, of their objects, and what one may have at most.
constexpr std::uint32_t kLengths[] = {4, 4, 5, 8, 16, 40, 100, 488, 512, 513};
constexpr std::uint32_t kCounts[] = {0, 1, 1, 2, 2, 3, 5, 9};
constexpr std::uint32_t kReads[] = {1, 3, 4, 8, 16, 100, 600, 5000};
constexpr std::uint32_t kFaults[] = {0, 1, 1, 2, 3};
constexpr std::uint32_t kChurns[] = {1, 2, 3, 9};

constexpr ArgSpec kLength = {"length", ArgKind::choice, 4, 600, kLengths};
constexpr ArgSpec kCount = {"count", ArgKind::choice, 0, 16, kCounts};
// Which piece cannot be stored by the reader; 0: none.
constexpr ArgSpec kFault = {"fault", ArgKind::choice, 0, 16, kFaults, {}, true, 0};

constexpr ArgSpec kPrintArgs[] = {kLength};
constexpr ArgSpec kBatchArgs[] = {kCount, kLength};
constexpr ArgSpec kReadArgs[] = {{"bytes", ArgKind::choice, 0, 9000, kReads}, kFault};
constexpr ArgSpec kChurnArgs[] = {{"count", ArgKind::choice, 1, 16, kChurns}};

constexpr OpSpec kOps[] = {
    {"print", kAnyContext, true, false, kPrintArgs, 12, 8000},
    {"commit", kAnyContext, true, false, kBatchArgs, 14, 8000},
    {"discard", kAnyContext, true, false, kBatchArgs, 4, 8000},
    {"read", kTaskOnly, false, false, kReadArgs, 10},
    {"read_all", kTaskOnly, false, false, {}, 6},
    {"churn", kAnyContext, true, false, kChurnArgs, 4, 8000},
    {"recreate", kTaskOnly, false, false, {}, 3},
};

constexpr std::span<const machine::SiteInfo> kSites[] = {
    machine::kOperationTable, defer::site::kTable,     page::site::kTable,
    slab::site::kTable,       bpf::site::kStreamTable,
};

}  // namespace

const program::Schema kStreamSchema = {"stream", 11, kParams, kOps, kSites};

}  // namespace anyctx::target
