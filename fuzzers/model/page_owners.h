// PageOwners: who was given which pages and has not given them back, by what the API returned.
#pragma once

#include <optional>
#include <vector>

#include "fuzzers/model/page_view.h"

namespace anyctx::model {

/// A block that is in use. A block that is not compound shrinks to its first page when its owner
/// frees it while somebody else holds a reference.
struct UsedBlock {
  std::uint8_t order = 0;
  bool compound = false;
  std::uint16_t references = 0;
  std::uint32_t mark = 0;  // of its contents
};

/// A call that gives something back is told when it begins: from then on the allocator may hand the
/// pages out again, before the call has returned. A call that asks for pages, when it returns.
class PageOwners {
 public:
  void reset(std::uint32_t pages);

  /// The block is in use from now on, with one reference. If a page of it is in use already, or
  /// does not exist: returns that page, and nothing changes.
  [[nodiscard]] std::optional<Pfn> acquire(Pfn first, unsigned order, bool compound,
                                           std::uint32_t mark);

  /// The block in use that begins here.
  UsedBlock& block(Pfn first) { return blocks_[first]; }
  const UsedBlock& block(Pfn first) const { return blocks_[first]; }

  /// Drops a reference. `whole`: the owner of the block, who knows how large it is, does.
  void drop(Pfn first, bool whole);

  bool in_use(Pfn page) const { return head_[page] != kNoPage; }
  /// First page of the block that this page, which is in use, is part of.
  Pfn head(Pfn page) const { return head_[page]; }
  std::int64_t pages_in_use() const { return in_use_; }
  std::uint32_t pages() const { return static_cast<std::uint32_t>(head_.size()); }

 private:
  void release(Pfn from, Pfn to);

  std::vector<Pfn> head_;  // by page: its block, or kNoPage
  std::vector<UsedBlock> blocks_;
  std::int64_t in_use_ = 0;
};

}  // namespace anyctx::model
