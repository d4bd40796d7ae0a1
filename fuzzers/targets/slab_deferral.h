// SlabDeferral: whether what nolock frees deferred is processed when it has to be.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/targets/slab_inspector.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

class SlabDeferral {
 public:
  SlabDeferral(inject::Simulation& simulation, const SlabInspector& inspector)
      : simulation_(simulation), inspector_(inspector) {}

  void reset();

  /// Changes with each nolock free of the object (and of a few others, which can only hide
  /// violations).
  std::uint32_t version(const void* object) { return version_of(object); }

  // Around each nolock free of an object.
  void begin_free(const void* object) { ++version_of(object); }
  void end_free(const void* object) {
    freed_[freed_count_++ % kRemembered] = {object, version_of(object)};
  }

  // Around each barrier, which several tasks may be in.
  struct Pending {
    static constexpr std::size_t kMost = 64;
    std::array<const void*, kMost> objects;
    std::array<std::uint32_t, kMost> versions;
    std::size_t count = 0;
  };
  Pending begin_barrier();
  void end_barrier(const Pending& pending);
  /// A barrier is taking elements off the lists.
  bool barrier_in_progress() const { return barriers_ != 0; }

  /// Something waits to be processed, on any CPU.
  bool has_any() const;
  /// At the end of an operation of a task: nothing is left on the lists of its CPU.
  void check_processed(inject::Lane lane);
  /// After all tasks and deferred work: nothing is left anywhere.
  void check_nothing_left() const;

 private:
  static constexpr std::size_t kRemembered = 128;
  static constexpr std::size_t kVersions = 1024;
  struct Freed {
    const void* object = nullptr;
    std::uint32_t version = 0;
  };

  bool has_deferred(unsigned cpu) const {
    return inspector_.first_deferred(cpu) != nullptr || inspector_.has_deferred_slabs(cpu);
  }
  std::uint32_t& version_of(const void* object);
  bool was_delayed();

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  std::array<Freed, kRemembered> freed_{};
  std::size_t freed_count_ = 0;
  std::array<std::uint32_t, kVersions> versions_{};
  std::uint32_t barriers_ = 0;
  std::size_t decisions_seen_ = 0;
  bool delayed_ = false;
};

}  // namespace anyctx::target
