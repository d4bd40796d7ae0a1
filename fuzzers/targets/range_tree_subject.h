// RangeTreeSubject: a range tree under test, with its owner's lock and the allocator that its nodes
// come from, by the names and results of the kernel's API.
//
// Whoever implements it stands for one tree: the one in lib/bpf, or the user's kernel sources. The
// target, its model and its oracles know nothing else of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "fuzzers/model/range_set.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

struct RangeTreeOptions {
  std::uint32_t pages = 64;  // of memory
};

/// How strictly a subject is judged.
struct RangeTreeStrictness {
  // A change that fails leaves what there was; else it may lose numbers, but no more than that.
  bool failure_is_atomic = true;
  // What needs no more runs than there are needs no node; else set() may, beside no other run.
  bool nodes_are_reused = true;
  // Numbers below it can be in a tree.
  std::uint64_t most_numbers = std::uint64_t{1} << 32;
};

/// What oracles may see from the inside. Only reads; nothing is a decision point.
class RangeTreeInspector {
 public:
  virtual ~RangeTreeInspector() = default;
  /// By start.
  virtual void list_runs(std::vector<model::Run>& runs) const = 0;
  /// What is wrong with the structure; empty if nothing is.
  virtual std::string_view audit() const = 0;
  /// Nodes that were allocated and not given back.
  virtual std::int64_t nodes() const = 0;
  /// Whether there is memory for a new slab of nodes, if no lock is held by anybody.
  virtual bool has_room() const = 0;
};

class RangeTreeSubject {
 public:
  virtual ~RangeTreeSubject() = default;

  /// Starts over: all memory is free, and there is no tree.
  virtual void reset(const RangeTreeOptions& options) = 0;
  virtual const RangeTreeInspector& inspector() const = 0;
  virtual RangeTreeStrictness strictness() const { return {}; }

  // The owner's lock, with interrupts off.
  virtual int raw_res_spin_lock_irqsave(machine::IrqState& flags) = 0;
  virtual void raw_res_spin_unlock_irqrestore(machine::IrqState flags) = 0;

  // With the lock held, or nobody else there.
  virtual void range_tree_init(std::uint64_t limit) = 0;
  virtual void range_tree_destroy() = 0;
  virtual int range_tree_set(std::uint64_t start, std::uint64_t length) = 0;
  virtual int range_tree_clear(std::uint64_t start, std::uint64_t length) = 0;
  virtual int is_range_tree_set(std::uint64_t start, std::uint64_t length) = 0;
  virtual std::int64_t range_tree_find(std::uint64_t length) = 0;

  // Other users of the memory: objects of the size of a node, and pages.
  virtual void* kmalloc_nolock() = 0;
  virtual void kfree_nolock(void* object) = 0;
  virtual void* alloc_pages_nolock() = 0;
  virtual void free_pages_nolock(void* page) = 0;
  /// Does what was deferred. Returns how many objects of the size of a node are in use.
  virtual std::int64_t settle() = 0;
};

/// The tree in lib/bpf, with nodes from lib/slab.
std::unique_ptr<RangeTreeSubject> make_own_range_tree_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
