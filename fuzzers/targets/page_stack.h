// PageStack: pages on the simulated machine, for the subjects that are built upon them.
#pragma once

#include <vector>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/sim_machine.h"
#include "lib/page/page_allocator.h"

namespace anyctx::target {

struct PageStack {
  using Sim = inject::Sim;

  /// Starts over at the beginning of `memory`.
  void reset_pages(inject::Memory& memory, const SlabOptions& options);

  page::PageAllocator<Sim> pages;

 private:
  std::vector<page::Page<Sim>> page_storage_;
};

}  // namespace anyctx::target
