// PageWorld: a page allocator with its users. Performs operations on a subject, keeps what they
// return, and has the oracles judge each.
#pragma once

#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/targets/page_request_oracles.h"
#include "fuzzers/targets/page_rest_oracles.h"
#include "fuzzers/targets/page_scene.h"
#include "fuzzers/targets/page_schema.h"
#include "fuzzers/targets/page_subject.h"

namespace anyctx::target {

/// What a slot holds: the right to use a block.
struct PageHandle {
  Pfn page = kNoPage;  // first page
  bool whole = false;  // came from an allocation; otherwise a further reference
};

class PageWorld final : public engine::World {
 public:
  PageWorld(inject::Simulation& simulation, std::unique_ptr<PageSubject> subject);

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;
  using Op = program::Op;
  /// How a block is given back.
  enum class Free : std::uint8_t { ordinary, nolock, put };
  using Slots = engine::Slots<PageHandle>;

  // Requests.
  PageAsk ask_of(const Op& op, bool nolock) const;
  Outcome allocate(const Op& op, bool nolock);
  // Blocks.
  Outcome give_back(unsigned slot, Free how);
  Outcome get_page(const Op& op);
  Outcome touch(const Op& op);
  Outcome double_free(const Op& op);
  void free_block(const PageHandle& handle, Free how);
  // Upkeep.
  Outcome drain_parked();
  Outcome drain_pcp(unsigned cpu);
  Outcome trim_pcp();
  Outcome balance(unsigned node);
  Outcome change_isolation(std::uint32_t pageblock, bool isolate);
  Outcome finish_deferred_init();

  bool may_wait_for_locks() const;
  void write_contents(Pfn page);
  void keep(unsigned slot, const PageHandle& handle);

  inject::Simulation& simulation_;
  std::unique_ptr<PageSubject> subject_;
  PageScene scene_;
  PageRestOracles rest_;
  PageOptions options_;
  Slots slots_;
  std::uint32_t handles_ = 0;  // in slots, or in the hands of an operation
  std::uint32_t marks_ = 0;    // contents written so far
  bool alone_ = false;         // the program has one lane: nobody comes between two calls
};

/// What a program's parameters ask for, within what is possible.
PageOptions page_options(const program::Program& program);

}  // namespace anyctx::target
