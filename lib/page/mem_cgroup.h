// MemCgroup: how much memory a group of tasks has, and may have.
// Source: Linux 7.3 mm/page_counter.c (page_counter_try_charge), without a hierarchy.
#pragma once

#include "lib/machine/atomic.h"
#include "lib/page/memory_sites.h"

namespace anyctx::page {

/// In bytes. Every context; never waits, never reclaims.
template <machine::Machine M>
class MemCgroup {
 public:
  static constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};

  /// Starts over with nothing charged.
  void init(std::uint64_t limit = kNoLimit) {
    limit_ = limit;
    charged_.init(0);
  }

  /// False, and nothing has changed, if that would be more than the limit.
  [[nodiscard]] bool try_charge(std::uint64_t bytes) {
    const std::uint64_t before = charged_.fetch_add(bytes);
    if (!M::fails(site::memcg_limit, before > limit_ || bytes > limit_ - before)) return true;
    uncharge(bytes);
    return false;
  }
  void uncharge(std::uint64_t bytes) { charged_.fetch_add(~bytes + 1); }

  /// For oracles.
  std::uint64_t peek_charged() const { return charged_.peek(); }

 private:
  std::uint64_t limit_ = kNoLimit;
  machine::Atomic<M, std::uint64_t, site::memcg_charge> charged_;
};

}  // namespace anyctx::page
