// KmallocContract: what kmalloc and kmalloc_nolock promise about sizes, from their description.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace anyctx::model {

class KmallocContract {
 public:
  static constexpr std::size_t kMaxCached = 8192;
  static constexpr unsigned kMaxOrder = 10;

  /// `min_align`: a power of two that all objects are aligned to at least.
  KmallocContract(unsigned min_align, std::size_t page_bytes)
      : min_align_(min_align), page_bytes_(page_bytes) {}

  static bool is_cached(std::size_t size) { return size != 0 && size <= kMaxCached; }
  /// Most that anybody gets.
  std::size_t max_size() const { return page_bytes_ << kMaxOrder; }

  /// Bytes of an object that serves a cached size: the smallest bucket that holds the request and
  /// whose size is a multiple of the minimum alignment.
  std::size_t bucket(std::size_t size) const {
    constexpr std::array<std::uint16_t, 13> sizes = {8,   16,  32,   64,   96,   128, 192,
                                                     256, 512, 1024, 2048, 4096, 8192};
    for (const std::size_t bucket : sizes) {
      if (bucket >= size && bucket % min_align_ == 0) return bucket;
    }
    return 0;
  }
  /// Bytes of the object that a nolock request is given if its own bucket fails; 0: none.
  std::size_t next_bucket(std::size_t size) const {
    const std::size_t own = bucket(size);
    return own < kMaxCached ? bucket(own + 1) : 0;
  }
  /// The order of the pages behind a request that is not cached.
  unsigned order(std::size_t size) const {
    const std::size_t pages = (size + page_bytes_ - 1) / page_bytes_;
    return static_cast<unsigned>(std::bit_width(pages - 1));
  }
  /// Bytes behind a request that is not cached.
  std::size_t large_bytes(std::size_t size) const { return page_bytes_ << order(size); }

  /// What an object of a bucket is aligned to: the largest power of two that divides its size.
  std::size_t alignment(std::size_t bucket_bytes) const {
    const std::size_t natural = std::size_t{1} << std::countr_zero(bucket_bytes);
    return natural > min_align_ ? natural : min_align_;
  }

 private:
  std::size_t min_align_;
  std::size_t page_bytes_;
};

}  // namespace anyctx::model
