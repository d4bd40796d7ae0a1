// Slots: where the results of operations live between operations.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/ops/schema.h"

namespace anyctx::engine {

/// Each slot is a stack of results, so that an operation never loses what another one left there,
/// and handlers that are entered often can keep what they get. Fixed storage: no allocation, legal
/// at any nesting. `take` and `push` do not interleave with anything: they contain no point.
/// Who takes a result comes after who pushed it, as between threads that hand memory over: so
/// ThreadSanitizer does not take the one's use of it for a race with the other's.
template <class T, std::size_t Capacity = 2048>
class Slots {
 public:
  void clear() {
    heads_.fill(kNone);
    free_ = kNone;
    fresh_ = 0;
  }

  /// False if the storage is full: the caller must give the result back.
  [[nodiscard]] bool push(unsigned slot, const T& value) {
    if (free_ == kNone && fresh_ == Capacity) return false;
    const std::uint16_t node = free_ != kNone ? free_ : fresh_++;
    if (node == free_) free_ = links_[node];
    values_[node] = value;
    __atomic_store_n(&links_[node], heads_[slot], __ATOMIC_RELEASE);
    heads_[slot] = node;
    return true;
  }

  /// Takes the most recent result of a slot for which `accept(value)` holds; false if none.
  template <class F>
  [[nodiscard]] bool take(unsigned slot, T& value, F&& accept) {
    for (std::uint16_t* link = &heads_[slot]; *link != kNone; link = &links_[*link]) {
      const std::uint16_t node = *link;
      if (!accept(values_[node])) continue;
      value = values_[node];
      *link = __atomic_load_n(&links_[node], __ATOMIC_ACQUIRE);
      links_[node] = free_;
      free_ = node;
      return true;
    }
    return false;
  }

  /// Takes any result from any slot, for tearing down; false when all slots are empty.
  [[nodiscard]] bool take_any(T& value) {
    for (unsigned slot = 0; slot < program::kSlots; ++slot) {
      if (take(slot, value, [](const T&) { return true; })) return true;
    }
    return false;
  }

  /// Visits every result that is kept.
  template <class F>
  void for_each(F&& f) const {
    for (const std::uint16_t head : heads_) {
      for (std::uint16_t node = head; node != kNone; node = links_[node]) f(values_[node]);
    }
  }

 private:
  static constexpr std::uint16_t kNone = 0xffff;
  static_assert(Capacity < kNone);

  std::array<std::uint16_t, program::kSlots> heads_{};
  std::array<std::uint16_t, Capacity> links_{};
  std::array<T, Capacity> values_{};
  std::uint16_t free_ = kNone;  // nodes that were used and are not
  std::uint16_t fresh_ = 0;     // the first node that was never used
};

}  // namespace anyctx::engine
