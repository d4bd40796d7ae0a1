#include "fuzzers/model/live_ranges.h"

#include <algorithm>
#include <bit>

namespace anyctx::model {
namespace {

/// Calls visit(index of the word, bits of the range in it) until it returns false.
template <class Visit>
bool for_each_word(std::size_t first, std::size_t last, Visit visit) {
  for (std::size_t word = first / 64; word <= last / 64; ++word) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (word == first / 64) bits <<= first % 64;
    if (word == last / 64) bits &= ~std::uint64_t{0} >> (63 - last % 64);
    if (!visit(word, bits)) return false;
  }
  return true;
}

}  // namespace

void LiveRanges::reset(std::size_t memory_bytes) {
  std::fill(words_.begin() + static_cast<std::ptrdiff_t>(dirty_begin_),
            words_.begin() + static_cast<std::ptrdiff_t>(dirty_end_), 0);
  dirty_begin_ = dirty_end_ = 0;
  owned_granules_ = 0;
  granules_ = memory_bytes / kGranule;
  if (words_.size() * 64 < granules_) words_.resize((granules_ + 63) / 64);
}

std::optional<std::size_t> LiveRanges::claim(std::size_t offset, std::size_t size) {
  if (size == 0) return std::nullopt;
  const std::size_t first = offset / kGranule;
  const std::size_t last = (offset + size - 1) / kGranule;
  if (last < first || last >= granules_) return std::max(offset, granules_ * kGranule);
  std::size_t taken = 0;
  const bool free = for_each_word(first, last, [&](std::size_t word, std::uint64_t bits) {
    const std::uint64_t both = words_[word] & bits;
    taken = word * 64 + static_cast<std::size_t>(std::countr_zero(both));
    return both == 0;
  });
  if (!free) return std::max(offset, taken * kGranule);
  for_each_word(first, last, [&](std::size_t word, std::uint64_t bits) {
    words_[word] |= bits;
    return true;
  });
  owned_granules_ += last - first + 1;
  const bool clean = dirty_begin_ == dirty_end_;
  dirty_begin_ = clean ? first / 64 : std::min(dirty_begin_, first / 64);
  dirty_end_ = std::max(dirty_end_, last / 64 + 1);
  return std::nullopt;
}

bool LiveRanges::release(std::size_t offset, std::size_t size) {
  if (size == 0) return true;
  const std::size_t first = offset / kGranule;
  const std::size_t last = (offset + size - 1) / kGranule;
  if (last < first || last >= granules_) return false;
  const bool owned = for_each_word(first, last, [&](std::size_t word, std::uint64_t bits) {
    return (words_[word] & bits) == bits;
  });
  if (!owned) return false;
  for_each_word(first, last, [&](std::size_t word, std::uint64_t bits) {
    words_[word] &= ~bits;
    return true;
  });
  owned_granules_ -= last - first + 1;
  return true;
}

}  // namespace anyctx::model
