// SlabStack: pages, grace periods and slabs on the simulated machine, for the subjects that are
// made of them or built upon them.
#pragma once

#include <string_view>
#include <vector>

#include "fuzzers/targets/page_stack.h"
#include "inject/sim/sim_machine.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::target {

struct SlabStack : PageStack {
  /// Starts over at the beginning of `memory`.
  void reset(inject::Memory& memory, const SlabOptions& options) {
    reset_pages(memory, options);
    reset_slabs(options);
  }
  /// The second step of two, for who says in between whom pages are accounted to.
  void reset_slabs(const SlabOptions& options);

  static slab::CacheFlags flags_of(const CacheDebug& debug);

  // For oracles: no decision points.

  /// What is wrong with the structures of pages and slabs; empty if nothing.
  std::string_view audit() const;
  /// Objects in use, of all caches. Meaningful while nobody uses the allocator.
  std::int64_t live_objects() const;

  defer::Grace<Sim> grace;
  slab::SlabAllocator<Sim> slabs;

 private:
  std::vector<slab::Slab<Sim>> slab_storage_;
  std::vector<slab::DeferredWord<Sim>> deferred_storage_;
};

}  // namespace anyctx::target
