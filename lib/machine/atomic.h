// Atomic<M, T, site>: a shared word that knows its name. Exactly sizeof(T), on every machine.
#pragma once

#include <atomic>
#include <type_traits>

#include "lib/machine/machine.h"

namespace anyctx::machine {

/// Access to a shared word through machine M. Every member is one decision point of the site.
/// Legal in every context. The default orders are the ones most callers want; relaxed is asked for.
template <class M, class T, Site S>
class Atomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);

 public:
  constexpr Atomic() = default;
  constexpr explicit Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T load(std::memory_order order = std::memory_order_acquire) const {
    return M::load(S, &value_, order);
  }
  void store(T value, std::memory_order order = std::memory_order_release) {
    M::store(S, &value_, value, order);
  }
  T exchange(T value, std::memory_order order = std::memory_order_acq_rel) {
    return M::exchange(S, &value_, value, order);
  }
  /// On failure `expected` holds the value found. A failure may be injected: then it is unchanged.
  bool cas(T& expected, T desired, std::memory_order order = std::memory_order_acq_rel) {
    return M::cas(S, &value_, expected, desired, order);
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_relaxed) {
    return M::fetch_add(S, &value_, value, order);
  }
  T fetch_or(T value, std::memory_order order = std::memory_order_acq_rel) {
    return M::fetch_or(S, &value_, value, order);
  }
  T fetch_and(T value, std::memory_order order = std::memory_order_acq_rel) {
    return M::fetch_and(S, &value_, value, order);
  }

  /// For construction, oracles and printing only: not a decision point.
  T peek() const { return value_; }
  void init(T value) { value_ = value; }

 private:
  T value_{};
};

}  // namespace anyctx::machine
