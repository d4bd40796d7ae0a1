#include "fuzzers/model/block_content.h"

#include "fuzzers/model/content.h"

namespace anyctx::model {
namespace {

// Multiples of the period of the contents.
constexpr std::size_t kHead = 128;
constexpr std::size_t kTail = 64;

}  // namespace

void fill_block(const BlockMemory& block, std::uint32_t owner) {
  for (std::size_t at = 0; at < block.bytes; at += block.page_bytes) {
    fill_content(block.start + at, kHead, owner);
    fill_content(block.start + at + block.page_bytes - kTail, kTail, owner);
  }
}

std::optional<std::size_t> find_changed(const BlockMemory& block, std::uint32_t owner) {
  for (std::size_t at = 0; at < block.bytes; at += block.page_bytes) {
    if (const auto changed = find_changed(block.start + at, kHead, owner)) return at + *changed;
    const std::size_t tail = at + block.page_bytes - kTail;
    if (const auto changed = find_changed(block.start + tail, kTail, owner)) return tail + *changed;
  }
  return std::nullopt;
}

}  // namespace anyctx::model
