// LockOrder: which locks were waited for while which others were held, by site, within one run.
//
// Two tasks that take two locks in different order may wait for each other for ever. That takes one
// schedule in many; that the order differs shows in any. Limits: locks of one site count as one,
// and their order among themselves is not judged. Source: Linux 7.3 kernel/locking/lockdep.c.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "lib/machine/site.h"

namespace anyctx::inject {

class LockOrder {
 public:
  void reset() {
    for (const unsigned site : touched_) after_[site] = {};
    touched_.clear();
  }

  /// Who holds a lock of the first site waits for one of the second. False if it was also the other
  /// way round, be it by way of other locks.
  bool add(machine::Site held, machine::Site wanted) {
    if (held == wanted || has(held.id, wanted.id)) return true;
    if (leads(wanted.id, held.id)) return false;
    Sites& after = after_[held.id];
    if (after == Sites{}) touched_.push_back(held.id);
    after[wanted.id / 64] |= std::uint64_t{1} << wanted.id % 64;
    return true;
  }

 private:
  using Sites = std::array<std::uint64_t, machine::kMaxSites / 64>;

  bool has(unsigned from, unsigned to) const { return (after_[from][to / 64] >> to % 64 & 1) != 0; }

  /// There is no cycle so far, so this ends; new edges are rare, so it may be slow.
  bool leads(unsigned from, unsigned to) const {
    if (has(from, to)) return true;
    for (const unsigned next : touched_) {
      if (has(from, next) && leads(next, to)) return true;
    }
    return false;
  }

  std::array<Sites, machine::kMaxSites> after_{};
  std::vector<unsigned> touched_;  // sites that have any after them
};

}  // namespace anyctx::inject
