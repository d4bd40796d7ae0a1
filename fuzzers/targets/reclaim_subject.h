// ReclaimSubject: deferred frees, typesafe caches and grace periods, by the names, arguments and
// results of the kernel's API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

/// A pair of caches, the second of which stands in for the first.
struct PairSpec {
  std::uint32_t size = 0;
  bool by_srcu = false;  // typesafe for readers of SRCU-fast, else for those of RCU
  void (*constructor)(void* object) = nullptr;
  void (*destructor)(void* object) = nullptr;
};

enum class ReaderKind : std::uint8_t { rcu, srcu_fast, trace };
enum class GraceKind : std::uint8_t { rcu, srcu_fast };

struct CallbackHead;
using Callback = void (*)(CallbackHead* head);

/// A part of an object, zero at first.
struct CallbackHead {
  std::uint64_t words[2];
  Callback callback;
};

/// What others leave of the memory: all of it, or as much as the watermark of that name.
enum class MemoryLeft : std::uint8_t { all, high, low, min };

class ReclaimSubject {
 public:
  /// What a reader got when it entered, to leave with.
  using Token = std::uint32_t;

  virtual ~ReclaimSubject() = default;
  virtual void reset(const SlabOptions& options) = 0;

  virtual void* kmalloc_nolock(std::size_t size) = 0;
  virtual void kfree_nolock(void* object) = 0;
  virtual void kfree_rcu(void* head) = 0;  // a word in the object
  virtual void kfree_rcu_nolock(void* head) = 0;
  virtual void kfree_srcu_fast_nolock(void* head) = 0;
  virtual void call_nolock(GraceKind kind, CallbackHead* head, Callback callback) = 0;

  virtual bool create_pair(const PairSpec& spec) = 0;
  virtual bool destroy_pair() = 0;  // true: both caches are gone
  virtual void shrink_pair() = 0;
  virtual void* alloc_pair_nolock() = 0;

  virtual Token read_lock(ReaderKind kind) = 0;
  virtual void read_unlock(ReaderKind kind, Token token) = 0;
  virtual void synchronize(GraceKind kind) = 0;
  virtual void barrier(GraceKind kind) = 0;
  virtual void kvfree_rcu_barrier() = 0;
  virtual void deferred_work_barrier() = 0;

  // For oracles: no decision points.
  virtual bool is_waiting(const void* object) const = 0;  // freed, but not free yet
  /// An allocation of this size cannot fail for want of pages.
  virtual bool has_room() const = 0;
  /// There are more free pages than `left` says.
  virtual bool has_more_than(MemoryLeft left) const = 0;
  /// What is wrong with the structures; empty if nothing.
  virtual std::string_view audit() const = 0;
  /// Objects in use, of all caches. Meaningful while nobody uses the allocator.
  virtual std::int64_t live_objects() const = 0;
};

/// The allocator in lib/slab and the grace periods in lib/defer.
std::unique_ptr<ReclaimSubject> make_own_reclaim_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
