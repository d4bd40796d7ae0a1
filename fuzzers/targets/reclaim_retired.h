// ReclaimRetired: what was freed after a grace period, in the order of the frees.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "fuzzers/targets/reclaim_readers.h"

namespace anyctx::target {

/// Records are never reused within a program; what no longer fits is not judged.
class ReclaimRetired {
 public:
  struct Record {
    const void* thing = nullptr;
    ReclaimReaders::Snapshot readers;  // inside when it was freed
    GraceKind kind = GraceKind::rcu;
    bool by_callback = false;
    bool handed = false;  // the free has returned
    bool over = false;    // the callback was called, or the memory was used again
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;

  void reset() { count_ = 0; }
  std::uint32_t add(const Record& record) {
    if (count_ == records_.size()) return kNone;
    records_[count_] = record;
    return count_++;
  }
  Record* at(std::uint32_t index) { return index == kNone ? nullptr : &records_[index]; }
  /// The last one of this address; null if it was never freed.
  Record* last_of(const void* thing) {
    for (std::uint32_t i = count_; i-- > 0;) {
      if (records_[i].thing == thing) return &records_[i];
    }
    return nullptr;
  }
  std::uint32_t count() const { return count_; }

  /// Those handed over whose grace period is not known to be over, one bit each.
  using Set = std::array<std::uint64_t, 16>;
  Set outstanding() const {
    Set set{};
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (records_[i].handed && !records_[i].over) set[i / 64] |= std::uint64_t{1} << i % 64;
    }
    return set;
  }
  template <class F>
  void for_each(const Set& set, F f) {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if ((set[i / 64] >> i % 64 & 1) != 0) f(records_[i]);
    }
  }

 private:
  std::array<Record, 16 * 64> records_;
  std::uint32_t count_ = 0;
};

}  // namespace anyctx::target
