// ReclaimReaders: who is inside a read-side section, as the readers know it.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/targets/reclaim_subject.h"
#include "lib/machine/check.h"

namespace anyctx::target {

/// Readers count from when they have entered until before they leave, so less than they could.
class ReclaimReaders {
 public:
  /// Those inside at some moment whom a grace period has to wait for.
  struct Snapshot {
    std::uint64_t places = 0;
    std::uint64_t last = 0;
  };

  void reset() {
    inside_ = 0;
    entered_ = 0;
  }
  unsigned enter(ReaderKind kind) {
    const auto place = static_cast<unsigned>(__builtin_ctzll(~inside_));
    ANYCTX_CHECK_OP(place, <, kPlaces);
    inside_ |= std::uint64_t{1} << place;
    readers_[place] = {++entered_, kind};
    return place;
  }
  void leave(unsigned place) { inside_ &= ~(std::uint64_t{1} << place); }

  /// A grace period of SRCU-fast contains one of RCU: it waits for everybody.
  Snapshot snapshot(GraceKind kind) const {
    Snapshot snapshot{0, entered_};
    for_each(inside_, [&](unsigned place) {
      const bool counts = kind == GraceKind::srcu_fast || readers_[place].kind == ReaderKind::rcu;
      if (counts) snapshot.places |= std::uint64_t{1} << place;
    });
    return snapshot;
  }
  bool any_left(const Snapshot& snapshot) const {
    bool any = false;
    for_each(inside_ & snapshot.places,
             [&](unsigned place) { any = any || readers_[place].serial <= snapshot.last; });
    return any;
  }

 private:
  static constexpr unsigned kPlaces = 63;
  struct Reader {
    std::uint64_t serial = 0;
    ReaderKind kind = ReaderKind::rcu;
  };
  template <class F>
  static void for_each(std::uint64_t places, F f) {
    for (; places != 0; places &= places - 1) f(static_cast<unsigned>(__builtin_ctzll(places)));
  }

  std::uint64_t inside_ = 0;
  std::uint64_t entered_ = 0;
  std::array<Reader, kPlaces + 1> readers_{};
};

/// The scope in which somebody reads: known to the subject, and to who counts readers.
template <class Subject>
class [[nodiscard]] ReaderSection {
 public:
  ReaderSection(Subject& subject, ReclaimReaders& readers, ReaderKind kind)
      : subject_(subject),
        readers_(readers),
        kind_(kind),
        token_(subject.read_lock(kind)),
        place_(readers.enter(kind)) {}
  ~ReaderSection() {
    readers_.leave(place_);
    subject_.read_unlock(kind_, token_);
  }
  ReaderSection(const ReaderSection&) = delete;
  ReaderSection& operator=(const ReaderSection&) = delete;

 private:
  Subject& subject_;
  ReclaimReaders& readers_;
  ReaderKind kind_;
  typename Subject::Token token_;
  unsigned place_;
};

/// Waits for a grace period; a verdict if it was over too soon.
template <class Subject>
void synchronize(inject::Simulation& simulation, Subject& subject, const ReclaimReaders& readers,
                 GraceKind kind) {
  const ReclaimReaders::Snapshot before = readers.snapshot(kind);
  subject.synchronize(kind);
  if (!readers.any_left(before)) return;
  simulation.stop(inject::VerdictKind::grace_period,
                  "a grace period ends after all readers who were inside", "no reader",
                  "one who was inside when it was asked for");
}

}  // namespace anyctx::target
