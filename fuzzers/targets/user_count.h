// UserCount: how many operations are using a cache or an arena. Also what orders its users, as in
// programs that share one: after its creation, and before its destruction. ThreadSanitizer sees
// that.
#pragma once

#include <cstdint>

namespace anyctx::target {

class UserCount {
 public:
  /// Nobody uses it yet; what the caller did so far comes before what users do.
  void open() { __atomic_store_n(&count_, 0, __ATOMIC_RELEASE); }
  /// How many there were before.
  std::uint32_t enter() { return __atomic_fetch_add(&count_, 1, __ATOMIC_ACQ_REL); }
  void leave() { __atomic_fetch_sub(&count_, 1, __ATOMIC_ACQ_REL); }
  /// What those did who left comes before what the caller does.
  std::uint32_t count() const { return __atomic_load_n(&count_, __ATOMIC_ACQUIRE); }
  bool any() const { return count() != 0; }

 private:
  std::uint32_t count_ = 0;
};

}  // namespace anyctx::target
