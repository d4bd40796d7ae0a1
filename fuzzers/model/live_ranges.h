// LiveRanges: which bytes of a memory belong to somebody. Finds overlaps; does not know owners.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace anyctx::model {

/// One bit per granule of 8 bytes. A range that ends inside a granule owns all of it. Offsets count
/// from the start of the memory. Claim and release take time proportional to the size / 512.
class LiveRanges {
 public:
  static constexpr std::size_t kGranule = 8;

  /// Nothing is owned. Storage is kept from one use to the next.
  void reset(std::size_t memory_bytes);

  /// Makes [offset, offset + size) owned. If part of it is owned, or outside of the memory: returns
  /// the first such offset, and nothing changes.
  [[nodiscard]] std::optional<std::size_t> claim(std::size_t offset, std::size_t size);

  /// The reverse. False if part of it was not owned; then nothing changes.
  [[nodiscard]] bool release(std::size_t offset, std::size_t size);

  bool owned(std::size_t offset) const {
    const std::size_t granule = offset / kGranule;
    return granule < granules_ && (words_[granule / 64] >> granule % 64 & 1) != 0;
  }
  /// In whole granules.
  std::size_t owned_bytes() const { return owned_granules_ * kGranule; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t granules_ = 0;
  std::size_t owned_granules_ = 0;
  // Words outside of this range are zero.
  std::size_t dirty_begin_ = 0;
  std::size_t dirty_end_ = 0;
};

}  // namespace anyctx::model
