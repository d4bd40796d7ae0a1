// Causes: why an operation was allowed to fail. Every null result carries at least one.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "lib/machine/site.h"

namespace anyctx::inject {

/// One primitive that failed during an operation.
struct Cause {
  machine::PointId point = 0;
  bool injected = false;  // false: the condition really held, the lock really was taken
};

/// The causes of one operation; the first kKept are kept, all are counted.
class Causes {
 public:
  void clear() { count_ = 0; }
  void add(machine::PointId point, bool injected) {
    if (count_ < kKept) kept_[count_] = {point, injected};
    ++count_;
  }
  std::uint32_t count() const { return count_; }
  std::span<const Cause> kept() const { return {kept_.data(), count_ < kKept ? count_ : kKept}; }

 private:
  static constexpr std::uint32_t kKept = 24;
  std::array<Cause, kKept> kept_{};
  std::uint32_t count_ = 0;
};

}  // namespace anyctx::inject
