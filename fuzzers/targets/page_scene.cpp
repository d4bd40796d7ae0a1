#include "fuzzers/targets/page_scene.h"

#include <algorithm>

namespace anyctx::target {
namespace {

/// Twice of what was seen: a block is split and merged in few steps an order, but each pageblock in
/// it may change its type. A list is refilled with at most 32 batches at a time.
constexpr std::uint32_t kStepsPerCall = 1024;
constexpr std::uint32_t kStepsPerPageblock = 32;
constexpr std::uint32_t kStepsPerPage = 32;
constexpr std::uint32_t kMostBatches = 32;

}  // namespace

void PageScene::reset(const PageOptions& options) {
  page_shift_ = options.page_shift;
  calls_ = 0;
  boot = options.deferred_init ? Boot::deferred : Boot::over;
  owners.reset(inspector_.page_count());
  isolation.reset(inspector_.page_count(), inspector_.pageblock_order(), cpus());
  std::array<model::ZoneView, PageCall::kMostZones> zones;
  const unsigned count = std::min(inspector_.zone_count(), PageCall::kMostZones);
  for (unsigned zone = 0; zone < count; ++zone) zones[zone] = inspector_.zone(zone);
  limits.reset({zones.data(), count}, page_shift_, options.min_pages);
  free_steps_ = kStepsPerCall + kStepsPerPageblock * isolation.pageblocks();
  const std::uint32_t batch = options.pcp_batch != 0 ? options.pcp_batch : 1;
  const std::uint32_t refill = std::min(kMostBatches * batch, options.pages);
  request_steps_ = free_steps_ + kStepsPerPage * refill * count;
}

PageCall PageScene::begin_call() {
  PageCall call;
  call.alone = calls_++ == 0;
  call.cpu = simulation_.cpu();
  call.steps = simulation_.steps();
  if (call.alone) call.before = inspector_.totals();
  return call;
}

PageCall PageScene::begin_request() {
  PageCall call = begin_call();
  if (!call.alone) return call;
  for (unsigned zone = 0; zone < limits.zones(); ++zone) {
    const model::ZoneCounters counters = inspector_.counters(zone);
    call.free[zone] = counters.free;
    call.reserve[zone] = counters.reserve;
  }
  return call;
}

void PageScene::end_call(PageCall& call) {
  --calls_;
  call.steps = simulation_.steps() - call.steps;
  call.quiet = call.alone && !simulation_.disturbed();
}

void PageScene::accuse(inject::VerdictKind kind, std::string_view rule, std::string expected,
                       std::string found) {
  simulation_.stop(kind, std::string(rule), std::move(expected), std::move(found));
}

}  // namespace anyctx::target
