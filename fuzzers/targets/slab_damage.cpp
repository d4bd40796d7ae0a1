#include "fuzzers/targets/slab_damage.h"

#include <algorithm>

#include "lib/machine/check.h"

namespace anyctx::target {

void SlabDamage::reset() {
  outstanding_ = false;
  object_ = nullptr;
  given_up_count_ = 0;
  leaked_ = 0;
}

bool SlabDamage::expect(machine::Bug bug) {
  if (outstanding_) return false;
  outstanding_ = true;
  bug_ = bug;
  simulation_.expect(bug);
  return true;
}

bool SlabDamage::was_reported() {
  outstanding_ = false;
  object_ = nullptr;
  return simulation_.took_expected();
}

void SlabDamage::plant(const void* object, std::uint16_t record) {
  ANYCTX_CHECK(outstanding_ && object_ == nullptr);
  object_ = object;
  slab_ = inspector_.slab_of_page(inspector_.page_of(object));
  cache_ = inspector_.slab(slab_).cache;
  record_ = record;
  certain_ = true;
}

bool SlabDamage::look() {
  if (object_ == nullptr) return false;
  if (!simulation_.took_expected()) {
    simulation_.expect(bug_);
    return false;
  }
  outstanding_ = false;
  object_ = nullptr;
  ANYCTX_CHECK_OP(given_up_count_, <, given_up_.size());
  given_up_[given_up_count_++] = slab_;
  return true;
}

void SlabDamage::judge_unreported() {
  if (certain_) {
    simulation_.stop(inject::VerdictKind::poison,
                     "damage to a free object is reported before the object is handed out",
                     "a report", "none");
  }
  static_cast<void>(was_reported());
}

bool SlabDamage::is_given_up(SlabId slab) const {
  const auto end = given_up_.begin() + static_cast<std::ptrdiff_t>(given_up_count_);
  return std::find(given_up_.begin(), end, slab) != end;
}

}  // namespace anyctx::target
