// HeapBlocks: memory for a subject whose allocator is not under test. Each piece is one of the
// heap's, so that AddressSanitizer sees who goes beyond it, or comes after its release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "inject/sim/unwatched.h"
#include "lib/machine/check.h"

namespace anyctx::target {

class HeapBlocks {
 public:
  HeapBlocks() = default;
  HeapBlocks(const HeapBlocks&) = delete;
  HeapBlocks& operator=(const HeapBlocks&) = delete;
  ~HeapBlocks() { reset(); }

  void* allocate(std::size_t bytes) {
    const inject::Unwatched unwatched;
    void* const block = std::aligned_alloc(kAlign, (bytes + kAlign - 1) / kAlign * kAlign);
    ANYCTX_CHECK(block != nullptr);
    blocks_.push_back(block);
    return block;
  }
  void release(void* block) {
    const inject::Unwatched unwatched;
    ANYCTX_CHECK(std::erase(blocks_, block) == 1);
    std::free(block);
  }

  /// Gives back what a run has left.
  void reset() {
    for (void* block : blocks_) std::free(block);
    blocks_.clear();
  }
  std::int64_t count() const { return static_cast<std::int64_t>(blocks_.size()); }

 private:
  static constexpr std::size_t kAlign = 64;
  std::vector<void*> blocks_;
};

}  // namespace anyctx::target
