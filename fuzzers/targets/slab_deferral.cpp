#include "fuzzers/targets/slab_deferral.h"

#include <fmt/format.h>

#include <algorithm>

namespace anyctx::target {

using inject::VerdictKind;

void SlabDeferral::reset() {
  freed_count_ = 0;
  barriers_ = 0;
  decisions_seen_ = 0;
  delayed_ = false;
}

std::uint32_t& SlabDeferral::version_of(const void* object) {
  const auto offset = reinterpret_cast<std::uintptr_t>(object) -
                      reinterpret_cast<std::uintptr_t>(simulation_.memory().base());
  return versions_[offset / 8 * 0x9e3779b1u % kVersions];
}

SlabDeferral::Pending SlabDeferral::begin_barrier() {
  ++barriers_;
  Pending pending;
  const std::size_t known = std::min(freed_count_, kRemembered);
  for (std::size_t i = 0; i < known && pending.count < Pending::kMost; ++i) {
    const Freed& freed = freed_[i];
    if (version_of(freed.object) != freed.version || !inspector_.is_deferred(freed.object)) {
      continue;
    }
    pending.objects[pending.count] = freed.object;
    pending.versions[pending.count++] = freed.version;
  }
  return pending;
}

void SlabDeferral::end_barrier(const Pending& pending) {
  --barriers_;
  for (std::size_t i = 0; i < pending.count; ++i) {
    const void* const object = pending.objects[i];
    if (version_of(object) != pending.versions[i] || !inspector_.is_deferred(object)) continue;
    simulation_.stop(VerdictKind::conservation,
                     "a barrier waits until everything freed before it is free", "free",
                     "an object that is still deferred");
  }
}

/// Whether a decision has held deferred work back so far.
bool SlabDeferral::was_delayed() {
  const inject::Decisions& taken = simulation_.taken();
  for (; decisions_seen_ < taken.size(); ++decisions_seen_) {
    delayed_ |= taken[decisions_seen_].action.kind == inject::ActionKind::delay;
  }
  return delayed_;
}

void SlabDeferral::check_processed(inject::Lane lane) {
  // On RT the work has a thread of its own. Handlers return to code that has interrupts masked.
  if (lane.kind != inject::LaneKind::task || simulation_.config().rt) return;
  const unsigned cpu = simulation_.cpu();
  if (!has_deferred(cpu) || was_delayed()) return;
  simulation_.stop(VerdictKind::no_progress,
                   "deferred work runs as soon as its CPU takes interrupts again",
                   fmt::format("nothing deferred on cpu{}", cpu), "objects or slabs");
}

bool SlabDeferral::has_any() const {
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    if (has_deferred(cpu)) return true;
  }
  return false;
}

void SlabDeferral::check_nothing_left() const {
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    if (!has_deferred(cpu)) continue;
    simulation_.stop(VerdictKind::conservation, "deferred work is processed in the end",
                     fmt::format("nothing deferred on cpu{}", cpu), "objects or slabs");
  }
}

}  // namespace anyctx::target
