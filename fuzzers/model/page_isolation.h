// PageIsolation: which pageblocks were taken out of use, and from which no page may come any more.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzzers/model/page_view.h"

namespace anyctx::model {

/// Pages of an isolated pageblock may linger on per-CPU lists until these are drained.
class PageIsolation {
 public:
  enum class State : std::uint8_t {
    in_use,
    isolated,
    unknown,  // two changes at the same time
  };

  void reset(std::uint32_t pages, unsigned pageblock_order, unsigned cpus);

  std::uint32_t pageblocks() const { return static_cast<std::uint32_t>(blocks_.size()); }
  Pfn first_page(std::uint32_t pageblock) const { return pageblock << order_; }
  State state(std::uint32_t pageblock) const { return blocks_[pageblock].state; }
  /// Some pageblock may be isolated.
  bool any() const { return not_in_use_ != 0; }

  /// A change was attempted. `certain`: nothing else was in progress; otherwise only that it was
  /// attempted is known.
  void set(std::uint32_t pageblock, State state, bool certain);
  /// The per-CPU lists of a CPU were drained while nothing else was in progress.
  void drained(unsigned cpu);

  /// No page of this pageblock may be handed out.
  bool sealed(Pfn page) const {
    const Block& block = blocks_[page >> order_];
    return block.state == State::isolated && block.drained == all_cpus_;
  }

 private:
  struct Block {
    State state = State::in_use;
    std::uint8_t drained = 0;  // CPUs, one bit each, since it was isolated
  };

  std::vector<Block> blocks_;
  unsigned order_ = 0;
  std::uint32_t not_in_use_ = 0;
  std::uint8_t all_cpus_ = 0;
};

}  // namespace anyctx::model
