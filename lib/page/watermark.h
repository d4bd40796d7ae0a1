// Watermarks: how many free pages a zone keeps back from whom. Source: Linux 7.3 mm/page_alloc.c
// (calculate_min_free_kbytes(), __setup_per_zone_wmarks(), __zone_watermark_ok()).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace anyctx::page {

/// MIN is for requests in need, LOW for the first attempt of ordinary ones, HIGH is where
/// background reclaim stops, PROMO the target of accepting memory.
enum class Mark : std::uint8_t { min, low, high, promo };

struct Watermarks {
  std::int64_t values[4] = {};
  std::int64_t operator[](Mark mark) const { return values[static_cast<unsigned>(mark)]; }
};

constexpr std::uint64_t integer_sqrt(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= n) root += bit;
  }
  return root;
}

/// MIN of all zones together, in pages: sqrt(16 * memory in KiB) KiB, within 128 KiB and 256 MiB.
constexpr std::int64_t default_min_pages(std::size_t total_pages, unsigned page_shift) {
  const std::uint64_t total_kib = static_cast<std::uint64_t>(total_pages) << (page_shift - 10);
  const std::uint64_t kib =
      std::clamp<std::uint64_t>(integer_sqrt(total_kib * 16), 128, 256 * 1024);
  return static_cast<std::int64_t>(kib >> (page_shift - 10));
}

/// Marks of a zone of `managed` pages, out of `total` that share `min_pages`.
constexpr Watermarks watermarks(std::int64_t managed, std::int64_t total, std::int64_t min_pages) {
  const std::int64_t min = min_pages * managed / total;
  const std::int64_t step = std::max(min / 4, managed * 10 / 10000);
  return {{min, min + step, min + 2 * step, min + 3 * step}};
}

/// Share of the pages in higher zones that a lower zone keeps for those who need low memory.
inline constexpr std::int64_t kLowmemReserveRatio = 256;

}  // namespace anyctx::page
