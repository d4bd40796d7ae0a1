// Content: what users write into memory that they were given, to see that nobody else writes there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace anyctx::model {

/// Fills [at, at+bytes) with a pattern that tells one owner from another.
void fill_content(void* at, std::size_t bytes, std::uint32_t owner);
/// Offset of the first byte that is not what fill_content() wrote; nothing if all are.
std::optional<std::size_t> find_changed(const void* at, std::size_t bytes, std::uint32_t owner);
/// Offset of the first byte that is not zero; nothing if all are.
std::optional<std::size_t> find_nonzero(const void* at, std::size_t bytes);
/// The byte that fill_content() wrote at this offset.
std::uint8_t content_byte(std::size_t offset, std::uint32_t owner);

}  // namespace anyctx::model
