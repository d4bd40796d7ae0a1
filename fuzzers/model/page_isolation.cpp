#include "fuzzers/model/page_isolation.h"

namespace anyctx::model {

void PageIsolation::reset(std::uint32_t pages, unsigned pageblock_order, unsigned cpus) {
  order_ = pageblock_order;
  blocks_.assign((pages + pages_of(order_) - 1) >> order_, Block{});
  not_in_use_ = 0;
  all_cpus_ = static_cast<std::uint8_t>((1u << cpus) - 1);
}

void PageIsolation::set(std::uint32_t pageblock, State state, bool certain) {
  Block& block = blocks_[pageblock];
  if (block.state != State::in_use) --not_in_use_;
  block = {certain ? state : State::unknown, 0};
  if (block.state != State::in_use) ++not_in_use_;
}

void PageIsolation::drained(unsigned cpu) {
  if (not_in_use_ == 0) return;
  for (Block& block : blocks_) block.drained = static_cast<std::uint8_t>(block.drained | 1u << cpu);
}

}  // namespace anyctx::model
