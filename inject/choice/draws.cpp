#include "inject/choice/draws.h"

#include "lib/machine/check.h"

namespace anyctx::inject {

std::uint32_t BytesDraws::take_byte() {
  if (bytes_.empty()) return 0;
  const std::uint32_t byte = bytes_.front();
  bytes_ = bytes_.subspan(1);
  return byte;
}

std::uint32_t BytesDraws::draw(std::uint32_t bound) {
  if (bound <= 1) return 0;
  std::uint32_t value = take_byte();
  if (bound > 256) value |= take_byte() << 8;
  return value % bound;
}

std::uint32_t ExhaustiveDraws::draw(std::uint32_t bound) {
  if (position_ == row_.capacity()) return 0;
  if (position_ == row_.size()) row_.push_back({0, bound});
  const Digit& digit = row_[position_++];
  ANYCTX_CHECK_OP(digit.bound, ==, bound);  // the body is not deterministic
  return digit.value;
}

bool ExhaustiveDraws::next() {
  position_ = 0;
  while (!row_.empty()) {
    Digit& last = row_.back();
    if (++last.value < last.bound) return true;
    row_.pop_back();
  }
  return false;
}

}  // namespace anyctx::inject
