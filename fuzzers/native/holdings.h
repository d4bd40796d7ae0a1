// Holdings: memory that code holds, filled so that whoever gets it too is found out.
//
// No allocation: code that interrupts other code may use its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/machine/check.h"

namespace anyctx::native {

class Holdings {
 public:
  struct Block {
    std::uint8_t* memory = nullptr;
    std::size_t size = 0;
    unsigned order = 0;  // of pages; for others meaningless
    bool pages = false;
  };

  /// `first`: bytes from here on are this holder's own.
  explicit Holdings(std::uint8_t first) : next_(first) {}

  void add(const Block& block) {
    ANYCTX_CHECK_OP(count_, <, blocks_.size());
    marks_[count_] = next_++;
    blocks_[count_] = block;
    for (std::size_t i = 0; i < block.size; ++i) block.memory[i] = marks_[count_];
    ++count_;
  }
  /// Takes out one that must be untouched.
  Block take(std::size_t index) {
    ANYCTX_CHECK_OP(index, <, count_);
    damaged_ = damaged_ || !is_intact(index);
    return take_unseen(index);
  }
  /// The same without a look: few instructions.
  Block take_unseen(std::size_t index) {
    const Block block = blocks_[index];
    --count_;
    blocks_[index] = blocks_[count_];
    marks_[index] = marks_[count_];
    return block;
  }

  std::size_t count() const { return count_; }
  /// Whether nobody wrote into anything that was held here.
  bool are_intact() const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (!is_intact(i)) return false;
    }
    return !damaged_;
  }

 private:
  bool is_intact(std::size_t index) const {
    const Block& block = blocks_[index];
    for (std::size_t i = 0; i < block.size; ++i) {
      if (block.memory[i] != marks_[index]) return false;
    }
    return true;
  }

  std::array<Block, 128> blocks_{};
  std::array<std::uint8_t, 128> marks_{};
  std::size_t count_ = 0;
  std::uint8_t next_;
  bool damaged_ = false;
};

}  // namespace anyctx::native
