// SlabStack: pages, grace periods and slabs on the simulated machine, for the subjects that are
// made of them or built upon them.
#pragma once

#include <vector>

#include "inject/sim/sim_machine.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::target {

struct SlabStack {
  using Sim = inject::Sim;

  struct Memory {
    std::size_t pages = 0;
    unsigned page_shift = 12;
    unsigned nodes = 1;
  };

  /// Starts over at the beginning of `memory`.
  void reset(inject::Memory& memory, const Memory& shape, const slab::Config& config) {
    reset_pages(memory, shape);
    reset_slabs(config);
  }
  /// The same in two steps, for who says in between whom pages are accounted to.
  void reset_pages(inject::Memory& memory, const Memory& shape);
  void reset_slabs(const slab::Config& config);

  page::PageAllocator<Sim> pages;
  defer::Grace<Sim> grace;
  slab::SlabAllocator<Sim> slabs;

 private:
  std::vector<page::Page<Sim>> page_storage_;
  std::vector<slab::Slab<Sim>> slab_storage_;
  std::vector<slab::DeferredWord<Sim>> deferred_storage_;
};

}  // namespace anyctx::target
