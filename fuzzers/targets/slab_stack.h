// SlabStack: pages, grace periods and slabs on the simulated machine, for the subjects that are
// made of them or built upon them.
#pragma once

#include <string_view>
#include <vector>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/sim_machine.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::target {

struct SlabStack {
  using Sim = inject::Sim;

  /// Starts over at the beginning of `memory`.
  void reset(inject::Memory& memory, const SlabOptions& options) {
    reset_pages(memory, options);
    reset_slabs(options);
  }
  /// The same in two steps, for who says in between whom pages are accounted to.
  void reset_pages(inject::Memory& memory, const SlabOptions& options);
  void reset_slabs(const SlabOptions& options);

  static slab::CacheFlags flags_of(const CacheDebug& debug);

  // For oracles: no decision points.

  /// What is wrong with the structures of pages and slabs; empty if nothing.
  std::string_view audit() const;
  /// Objects in use, of all caches. Meaningful while nobody uses the allocator.
  std::int64_t live_objects() const;

  page::PageAllocator<Sim> pages;
  defer::Grace<Sim> grace;
  slab::SlabAllocator<Sim> slabs;

 private:
  std::vector<page::Page<Sim>> page_storage_;
  std::vector<slab::Slab<Sim>> slab_storage_;
  std::vector<slab::DeferredWord<Sim>> deferred_storage_;
};

}  // namespace anyctx::target
