// SlabDamage: deliberate misuse that the allocator has to report, and what it leaves behind.
//
// One misuse is outstanding at a time. Some must be reported by the call that commits it; damage to
// a free object of a debug cache must be reported by the allocation that finds it.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/targets/slab_inspector.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

class SlabDamage {
 public:
  SlabDamage(inject::Simulation& simulation, const SlabInspector& inspector)
      : simulation_(simulation), inspector_(inspector) {}

  void reset();

  /// Announces a misuse. False if another one is outstanding.
  [[nodiscard]] bool expect(machine::Bug bug);
  /// Whether the misuse was reported. Nothing is outstanding any more.
  [[nodiscard]] bool was_reported();
  bool outstanding() const { return outstanding_; }

  /// The announced misuse is damage to this free object of a debug cache.
  void plant(const void* object, std::uint16_t record);
  bool planted() const { return object_ != nullptr; }
  const void* planted_object() const { return object_; }
  SlabId planted_slab() const { return slab_; }
  CacheHandle planted_cache() const { return cache_; }
  /// The slab with the planted damage may become empty, and the damage go away with it: from now on
  /// a report is possible, but not demanded.
  void doubt() { certain_ = false; }
  /// Looks whether the planted damage was reported, and if so, whether its slab was given up for
  /// that: true. Who finds it in a slab that goes away gives nothing up. While somebody else is in
  /// a call, that may still be to be done, and is looked at later.
  bool look(bool alone);
  /// The object with the planted damage was handed out, or would not be found. Stops the run if
  /// that should have been reported.
  void judge_unreported();

  /// Slabs that were given up: their objects never become free again.
  bool is_given_up(SlabId slab) const;
  /// An object was reported and given up by itself. It stays held, by nobody.
  void leak() { ++leaked_; }
  std::size_t leaked() const { return leaked_; }

  /// The record of the cache that the reported damage was in, as told to plant().
  std::uint16_t record() const { return record_; }

 private:
  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  bool outstanding_ = false;
  machine::Bug bug_{};
  bool certain_ = false;
  bool reported_ = false;
  const void* object_ = nullptr;
  SlabId slab_ = kNoSlab;
  CacheHandle cache_ = nullptr;
  std::uint16_t record_ = 0;
  std::array<SlabId, 64> given_up_{};
  std::size_t given_up_count_ = 0;
  std::size_t leaked_ = 0;
};

}  // namespace anyctx::target
