// ArenaInspector: what oracles may see of an arena under test, and of the machine it is part of.
//
// Only reads; nothing is a decision point. All members may be called at any moment, also between
// two steps of an operation: what they show then is what a CPU would find.
#pragma once

#include <cstddef>
#include <vector>

#include "fuzzers/model/arena_view.h"

namespace anyctx::target {

using model::ArenaPage;
using model::kNoArenaPage;

/// Of everything that arenas take memory from.
struct ArenaStock {
  std::int64_t pages = 0;    // page frames in use, those of slabs left out
  std::int64_t objects = 0;  // objects in use
  std::int64_t charge = 0;   // bytes that somebody pays for
  std::int64_t areas = 0;    // ranges of kernel addresses
  friend bool operator==(const ArenaStock&, const ArenaStock&) = default;
};

/// What the memory of the machine has left.
struct ArenaSupply {
  std::int64_t free_pages = 0;  // to be had by an allocation that may not wait
  bool objects_to_be_had = true;
};

class ArenaInspector {
 public:
  virtual ~ArenaInspector() = default;

  // One arena.
  virtual model::ArenaGeometry geometry(unsigned arena) const = 0;
  virtual void free_runs(unsigned arena, std::vector<model::SlotRange>& runs) const = 0;
  /// What is wrong with the tree; empty if nothing is.
  virtual std::string_view tree_fault(unsigned arena) const = 0;
  virtual void leaves(unsigned arena, std::vector<model::LeafView>& leaves) const = 0;
  /// False if the page of the kernel's mapping is empty.
  virtual bool leaf(unsigned arena, std::int64_t kernel_page, model::LeafView& leaf) const = 0;
  virtual void spans(unsigned arena, std::vector<model::SlotRange>& spans) const = 0;
  /// Slots were freed whose bits could not be set in the tree: who has the lock next sets them.
  virtual bool has_late_slots(unsigned) const { return false; }
  /// A tree that is known to lose slots then got no node.
  virtual bool has_lost_slots() const { return false; }
  virtual void vmas(unsigned arena, std::vector<model::VmaView>& vmas) const = 0;
  virtual std::uint64_t counter(unsigned arena) const = 0;
  /// Nobody has, awaits or queues for the arena's lock.
  virtual bool lock_is_free(unsigned arena) const = 0;
  /// Neither its irq_work nor its work is asked for or runs.
  virtual bool work_is_idle(unsigned arena) const = 0;

  // The machine.
  virtual void tlb(unsigned arena, std::vector<model::TlbView>& entries) const = 0;
  virtual void user_ptes(unsigned arena, std::vector<model::UserPteView>& ptes) const = 0;
  virtual model::ArenaPageView page(ArenaPage page) const = 0;
  virtual std::byte* address(ArenaPage page) const = 0;
  /// What is in use, and how much of it arenas have: themselves, pages, nodes of trees, frees that
  /// are under way.
  virtual ArenaStock stock() const = 0;
  virtual ArenaStock owned() const = 0;
  /// stock().charge, without a count of everything else.
  virtual std::int64_t charged() const = 0;
  virtual ArenaSupply supply() const = 0;
};

}  // namespace anyctx::target
