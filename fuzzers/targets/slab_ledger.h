// SlabLedger: who holds which memory, as the users of the allocator know it.
//
// Memory enters when an allocation returned it and leaves before it is passed to a free: the
// allocator may give it to somebody else before its free function returns.
#pragma once

#include <string>

#include "fuzzers/engine/slots.h"
#include "fuzzers/model/live_ranges.h"
#include "fuzzers/ops/program.h"
#include "fuzzers/targets/slab_inspector.h"
#include "fuzzers/targets/slab_object.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

class SlabLedger {
 public:
  SlabLedger(inject::Simulation& simulation, const SlabInspector& inspector)
      : simulation_(simulation), inspector_(inspector) {}

  void reset();

  /// Enters memory that was just handed out and gives it a serial number and content. Stops the
  /// run if it is not memory, or somebody else's.
  void receive(SlabObject& object);
  /// The user of an object now uses `size` bytes of it.
  void grow(SlabObject& object, std::uint32_t size);
  /// Checks the content of an object that somebody holds.
  void verify(const SlabObject& object) const;
  /// Checks the content and takes the object out, before it is freed.
  void hand_back(const SlabObject& object);

  // As many objects as a program can allocate: each operation once, and those of handlers once
  // for each decision to enter one.
  static constexpr std::size_t kMostObjects =
      (program::kMaxTasks + program::kMaxDecisions) * program::kMaxOpsPerLane;
  using Slots = engine::Slots<SlabObject, kMostObjects>;
  Slots& slots() { return slots_; }
  const Slots& slots() const { return slots_; }

  bool is_memory(const void* address) const { return offset(address) < memory_bytes_; }
  bool is_held(const void* address) const { return ranges_.owned(offset(address)); }
  /// Pages that are held as such or as large objects.
  std::int64_t whole_pages() const { return whole_pages_; }
  /// Objects of slabs that are held, in slots or by operations in progress.
  std::size_t held_objects() const { return held_; }

  // Operations in progress.
  void begin_call() {
    ++calls_;
    ++begun_;
  }
  void end_call() { --calls_; }
  /// Nobody is in the middle of an operation or of deferred work, on any CPU or interrupted.
  bool alone() const { return calls_ == 0 && !simulation_.is_working(); }
  /// Operations that ever began: equal before and after means that there were no others.
  std::uint64_t begun() const { return begun_; }

  // For reports: no addresses, they differ between runs.
  std::string place(const void* address) const;
  std::string describe(const SlabObject& object) const;

 private:
  std::size_t offset(const void* address) const {
    return reinterpret_cast<std::uintptr_t>(address) -
           reinterpret_cast<std::uintptr_t>(simulation_.memory().base());
  }
  std::string holder_of(const SlabObject& object) const;
  void count(const SlabObject& object, std::int64_t change);
  void write(const SlabObject& object) const;
  template <class F>
  void for_each_part(const SlabObject& object, F f) const;

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  Slots slots_;
  model::LiveRanges ranges_;
  std::uint32_t serials_ = 0;
  std::uint32_t calls_ = 0;
  std::uint64_t begun_ = 0;
  std::int64_t whole_pages_ = 0;
  std::size_t held_ = 0;
  std::size_t memory_bytes_ = 0;
};

}  // namespace anyctx::target
