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

}  // namespace anyctx::target
