// MemAllocSubject: bpf_mem_alloc by the names, arguments and results of the kernel's API, and what
// oracles may see of its caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzzers/targets/reclaim_subject.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

/// Called for each object whose memory is given up; and once, when none is left.
struct MemAllocDestructor {
  void (*function)(void* object, void* context) = nullptr;
  void (*free_context)(void* context) = nullptr;
  void* context = nullptr;
};

class MemAllocSubject {
 public:
  using Token = ReclaimSubject::Token;

  virtual ~MemAllocSubject() = default;
  virtual void reset(const SlabOptions& options) = 0;

  /// `size` 0: objects of any size. 0 or an errno.
  virtual int create(std::uint32_t size, const MemAllocDestructor& destructor) = 0;
  virtual void destroy() = 0;
  virtual void* alloc(std::size_t size) = 0;
  virtual void free(void* object) = 0;
  virtual void free_rcu(void* object) = 0;

  virtual Token read_lock(ReaderKind kind) = 0;
  virtual void read_unlock(ReaderKind kind, Token token) = 0;
  virtual void synchronize(GraceKind kind) = 0;
  virtual void barrier(GraceKind kind) = 0;

  // For oracles: no decision points.

  /// Whether it tells the machine why an allocation fails.
  virtual bool names_causes() const { return true; }

  /// What this CPU has for requests of this size. The allocator exists.
  struct Cache {
    std::uint32_t at_hand = 0;
    bool busy = false;  // an interrupted frame is inside
    bool asks = false;  // an interrupt that refills is to come, or runs
  };
  virtual Cache cache(std::size_t size) const = 0;
  /// Bytes of an object that a user may touch, going by where it lies.
  virtual std::size_t capacity(const void* object) const = 0;
  /// Whether anything waits for a grace period of Tasks Trace, or for one to begin.
  virtual bool is_waiting() const = 0;
  /// What is wrong with the caches, and below; empty if nothing. While nobody is inside.
  virtual std::string_view audit() const = 0;
  /// Objects of the slab allocator that are in use.
  virtual std::int64_t live_objects() const = 0;
};

/// The allocator in lib/bpf.
std::unique_ptr<MemAllocSubject> make_own_mem_alloc_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
