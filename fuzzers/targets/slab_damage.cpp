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
  reported_ = false;
}

bool SlabDamage::look(bool alone) {
  if (object_ == nullptr) return false;
  if (!reported_) reported_ = simulation_.took_expected();
  if (!reported_) simulation_.expect(bug_);
  if (!reported_ || !alone) return false;
  outstanding_ = false;
  object_ = nullptr;
  if (inspector_.slab_of_page(slab_) != slab_) return false;
  const SlabView slab = inspector_.slab(slab_);
  if (slab.cache != cache_ || !slab.frozen) return false;
  ANYCTX_CHECK_OP(given_up_count_, <, given_up_.size());
  given_up_[given_up_count_++] = slab_;
  return true;
}

void SlabDamage::judge_unreported() {
  if (certain_ && !reported_) {
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
