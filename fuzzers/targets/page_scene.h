// PageScene: what the oracles of the page target go by: the subject's inside, the model, and which
// calls are in progress.
//
// Rules are of three strengths. Some hold always (nothing is handed out twice). Some only while
// nothing is in progress (conservation: otherwise pages are on their way). The strictest hold for a
// call that was alone when it began and that nothing disturbed until it returned: it was quiet.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/model/block_content.h"
#include "fuzzers/model/page_isolation.h"
#include "fuzzers/model/page_limits.h"
#include "fuzzers/model/page_owners.h"
#include "fuzzers/targets/page_subject.h"
#include "inject/fault/verdict.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

/// One call of the subject. Lives on the stack of its caller, which may be abandoned.
struct PageCall {
  static constexpr unsigned kMostZones = 4;
  bool alone = false;       // when it began
  bool quiet = false;       // once it has returned
  unsigned cpu = 0;         // where it began
  std::uint32_t steps = 0;  // when it began; own steps, once it has returned
  model::PageTotals before;
  // Requests only, by zone.
  std::array<std::int64_t, kMostZones> free{};
  std::array<std::int64_t, kMostZones> reserve{};  // of these, set aside for atomic requests
};

class PageScene {
 public:
  /// Deferred initialisation of memory; nolock requests are refused until it is over.
  enum class Boot : std::uint8_t { over, ending, deferred };

  PageScene(inject::Simulation& simulation, const PageInspector& inspector)
      : simulation_(simulation), inspector_(inspector) {}

  /// Forgets everything. The subject was reset with these options.
  void reset(const PageOptions& options);

  PageCall begin_call();
  PageCall begin_request();
  void end_call(PageCall& call);

  /// Ends the run with a verdict.
  [[noreturn]] void accuse(inject::VerdictKind kind, std::string_view rule, std::string expected,
                           std::string found);

  inject::Simulation& simulation() { return simulation_; }
  const inject::Simulation& simulation() const { return simulation_; }
  const PageInspector& inspector() const { return inspector_; }
  std::size_t bytes(unsigned order) const { return std::size_t{1} << (order + page_shift_); }
  /// The memory of a block that is in use.
  model::BlockMemory memory(Pfn page) const {
    return {inspector_.address(page), bytes(owners.block(page).order), bytes(0)};
  }
  /// Own steps that a nolock call may take, whatever it finds.
  std::uint32_t free_steps() const { return free_steps_; }
  std::uint32_t request_steps() const { return request_steps_; }

  unsigned cpus() const { return simulation_.config().cpus; }
  /// The blocks on all lists, now. Valid until the next call.
  const std::vector<model::FreeBlock>& list_blocks() {
    inspector_.list_blocks(blocks_);
    return blocks_;
  }

  // The model.
  model::PageOwners owners;
  model::PageIsolation isolation;
  model::PageLimits limits;
  Boot boot = Boot::over;

 private:
  inject::Simulation& simulation_;
  const PageInspector& inspector_;
  unsigned page_shift_ = 12;
  std::uint32_t free_steps_ = 0;
  std::uint32_t request_steps_ = 0;
  unsigned calls_ = 0;  // in progress
  std::vector<model::FreeBlock> blocks_;
};

}  // namespace anyctx::target
