// PcpDynamics: how much a per-CPU list takes and gives at a time. Numbers only, no pages.
// Source: Linux 7.3 mm/page_alloc.c (nr_pcp_alloc(), nr_pcp_high(), nr_pcp_free(),
// decay_pcp_high(), zone_batchsize(), zone_highsize()).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "lib/page/config.h"

namespace anyctx::page {

/// Fixed numbers of a per-CPU list, all in pages. high == 0 and batch == 1 make it pass-through.
struct PcpLimits {
  int batch = 1;
  int high_min = 0;
  int high_max = 0;
};

/// min(managed / 4096, 256 KiB), then one below a power of two; 1 for small zones.
constexpr int pcp_batch(std::int64_t managed, unsigned page_shift) {
  const std::int64_t most = std::int64_t{256} << 10 >> page_shift;
  const std::int64_t batch = std::min(managed >> 12, most);
  if (batch <= 1) return 1;
  return static_cast<int>(std::bit_floor(static_cast<std::uint64_t>(batch + batch / 2)) - 1);
}

/// In a small zone the share of its watermark may exceed the share of the zone (where the kernel
/// clamps between ends that are the wrong way round): then both are the watermark's.
constexpr PcpLimits pcp_limits(std::int64_t managed, std::int64_t low_mark, unsigned cpus,
                               unsigned page_shift) {
  const int batch = pcp_batch(managed, page_shift);
  const auto count = static_cast<std::int64_t>(cpus);
  const auto high_min = std::max<std::int64_t>(low_mark / count, 4 * batch);
  const auto high_max = std::max<std::int64_t>(managed / 8 / count, high_min);
  return {batch, static_cast<int>(high_min), static_cast<int>(high_max)};
}

/// All members under the list's lock. `count` is the number of pages on the lists.
class PcpDynamics {
 public:
  static constexpr int kScaleMax = 5;

  void reset(PcpLimits limits) {
    *this = PcpDynamics{};
    limits_ = limits;
    high_ = limits.high_min;
  }

  int batch() const { return limits_.batch; }
  int high() const { return high_; }
  int alloc_factor() const { return alloc_factor_; }
  int free_count() const { return free_count_; }
  const PcpLimits& limits() const { return limits_; }

  void on_alloc() { free_count_ >>= 1; }

  /// Blocks to take from the buddy lists at once. Doubles with each refill without a free.
  int refill(unsigned order, int count, bool below_high) {
    high_ = std::clamp(high_, limits_.high_min, limits_.high_max);
    if (high_ < limits_.batch) return 1;
    int blocks = order == 0 ? limits_.batch << alloc_factor_ : limits_.batch;
    int room = high_;
    if (adaptive() && !below_high) room = high_ = std::min(high_ + blocks, limits_.high_max);
    if (order == 0) {
      const int most = std::max(room - count - limits_.batch, limits_.batch);
      if (blocks <= most && alloc_factor_ < kScaleMax) ++alloc_factor_;
      blocks = std::min(blocks, most);
    }
    return blocks > 1 ? std::max(blocks >> order, 2) : blocks;
  }

  /// A block was put on the lists, which now hold `count` pages. True if blocks of high order are
  /// being freed in a row: then nothing of them should stay.
  bool on_free(unsigned order, int count) {
    alloc_factor_ >>= 1;
    bool free_high = false;
    if (order != 0) {
      free_high = previous_was_high_order_ && free_count_ >= limits_.batch + limits_.high_min / 2 &&
                  count >= limits_.batch;
    }
    previous_was_high_order_ = order != 0;
    if (free_count_ < limits_.batch << kScaleMax) free_count_ += 1 << order;
    return free_high;
  }

  /// Pages to give back now, after on_free(); 0 while the lists are below their limit.
  int surplus(int count, bool below_high, bool free_high) {
    const int high = limit(count, below_high, free_high);
    if (count < high) return 0;
    if (free_high) return std::min(count, limits_.batch << kScaleMax);
    if (high < limits_.batch) return 1;
    return std::clamp(free_count_, limits_.batch, std::max(high - limits_.batch, limits_.batch));
  }

  /// Lets the limit sink towards its minimum; returns the pages above it.
  int decay(int count) {
    if (high_ > limits_.high_min) {
      high_ =
          std::max({count - (limits_.batch << kScaleMax), high_ - (high_ >> 3), limits_.high_min});
    }
    return std::max(count - high_, 0);
  }

 private:
  bool adaptive() const { return limits_.high_min != limits_.high_max; }

  int limit(int count, bool below_high, bool free_high) {
    high_ = std::clamp(high_, limits_.high_min, limits_.high_max);
    const int high = high_;
    if (high == 0) return 0;
    if (free_high) {
      high_ = std::max(high - (limits_.batch << kScaleMax), limits_.high_min);
      return 0;
    }
    if (!adaptive()) return high;
    if (below_high) {
      high_ = std::max(high - std::max(free_count_, limits_.batch), limits_.high_min);
      return std::max(count, limits_.high_min);
    }
    const int wanted = free_count_ + limits_.batch;
    if (count >= high && high_ < wanted) {
      high_ = std::clamp(wanted, limits_.high_min, limits_.high_max);
    }
    return high;
  }

  PcpLimits limits_;
  int high_ = 0;
  int alloc_factor_ = 0;
  int free_count_ = 0;
  bool previous_was_high_order_ = false;
};

}  // namespace anyctx::page
