#include "fuzzers/model/page_owners.h"

#include <algorithm>

namespace anyctx::model {

void PageOwners::reset(std::uint32_t pages) {
  head_.assign(pages, kNoPage);
  blocks_.resize(pages);
  in_use_ = 0;
}

std::optional<Pfn> PageOwners::acquire(Pfn first, unsigned order, bool compound,
                                       std::uint32_t mark) {
  const std::uint64_t end = std::uint64_t{first} + pages_of(order);
  for (std::uint64_t page = first; page < end; ++page) {
    if (page >= head_.size() || in_use(static_cast<Pfn>(page))) return static_cast<Pfn>(page);
  }
  std::fill_n(head_.begin() + first, pages_of(order), first);
  blocks_[first] = {static_cast<std::uint8_t>(order), compound, 1, mark};
  in_use_ += pages_of(order);
  return std::nullopt;
}

void PageOwners::drop(Pfn first, bool whole) {
  UsedBlock& block = blocks_[first];
  if (--block.references == 0) {
    release(first, first + pages_of(block.order));
  } else if (whole && !block.compound) {
    release(first + 1, first + pages_of(block.order));
    block.order = 0;
  }
}

void PageOwners::release(Pfn from, Pfn to) {
  std::fill(head_.begin() + from, head_.begin() + to, kNoPage);
  in_use_ -= to - from;
}

}  // namespace anyctx::model
