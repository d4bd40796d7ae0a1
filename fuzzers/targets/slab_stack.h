// SlabStack: pages, grace periods and slabs on the simulated machine, for subjects that are built
// upon them.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "fuzzers/targets/slab_own_inspector.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

struct SlabStackOptions {
  std::size_t pages = 128;
  bool encoded_freelist = false;
  bool poison = false;
  bool red_zone = false;
  bool consistency = false;
  bool sheaves = false;       // CPUs have sheaves, not slabs
  unsigned without_cas2 = 0;  // as slab::WithoutCas2
};

/// What a parameter "debug" with the words no, poison, redzone and all stands for.
inline void set_debug(SlabStackOptions& options, std::uint32_t debug) {
  options.poison = debug == 1 || debug == 3;
  options.red_zone = debug >= 2;
  options.consistency = debug == 3;
}

class SlabStack {
 public:
  using Sim = inject::Sim;

  explicit SlabStack(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(pages_, slabs_) {}

  /// Starts over in the simulation's memory.
  void reset(const SlabStackOptions& options);

  slab::SlabAllocator<Sim>& slabs() { return slabs_; }
  defer::Grace<Sim>& grace() { return grace_; }

  // For oracles: no decision points.

  /// An allocation cannot fail for want of pages.
  bool has_room() const { return inspector_.has_room(kLargestSlabOrder, -1); }
  /// What is wrong with the structures; empty if nothing.
  std::string_view audit() const;
  /// Objects in use, of all caches. Meaningful while nobody uses the allocator.
  std::int64_t live_objects() const;

 private:
  static constexpr unsigned kPageShift = 12;
  static constexpr unsigned kLargestSlabOrder = 3;

  inject::Simulation& simulation_;
  std::vector<page::Page<Sim>> page_storage_;
  std::vector<slab::Slab<Sim>> slab_storage_;
  std::vector<slab::DeferredWord<Sim>> deferred_storage_;
  page::PageAllocator<Sim> pages_;
  defer::Grace<Sim> grace_;
  slab::SlabAllocator<Sim> slabs_;
  OwnSlabInspector inspector_;
};

}  // namespace anyctx::target
