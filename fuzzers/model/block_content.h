// Contents of blocks of pages: the ends of each page only, which is where allocators put their own
// things, and where a second owner would write as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace anyctx::model {

/// A block of `bytes` in whole pages of `page_bytes` each.
struct BlockMemory {
  std::byte* start = nullptr;
  std::size_t bytes = 0;
  std::size_t page_bytes = 0;
};

/// Writes what tells one owner from another.
void fill_block(const BlockMemory& block, std::uint32_t owner);
/// Offset of the first byte that is not what fill_block() wrote; nothing if all are.
std::optional<std::size_t> find_changed(const BlockMemory& block, std::uint32_t owner);

}  // namespace anyctx::model
