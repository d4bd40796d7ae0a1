#include "fuzzers/targets/slab_memcg_audit.h"

#include <fmt/format.h>

#include <algorithm>

namespace anyctx::target {

using inject::VerdictKind;

void MemcgAudit::run(const MemcgInspector* memcg) {
  memcg_ = memcg;
  if (memcg == nullptr) return;
  held_.clear();
  vectors_.clear();
  ledger_.slots().for_each([this](const SlabObject& object) {
    if (object.payer != kNobody) held_.push_back({object.address, object.payer});
  });
  std::ranges::sort(held_, {}, &Held::address);
  for (SlabId id = inspector_.next_slab(0); id != kNoSlab;) {
    check_vector(id);
    check_entries(id);
    id = inspector_.next_slab(id + (1u << inspector_.slab(id).order));
  }
}

/// A slab's own memory, or an object of a slab that has no vector: so that a vector never needs
/// another one, and no slab keeps itself in use.
void MemcgAudit::check_vector(SlabId id) {
  const VectorView vector = memcg_->vector(id);
  if (vector.place == VectorView::Place::none || vector.place == VectorView::Place::in_slab) return;
  if (std::ranges::find(vectors_, vector.address) != vectors_.end()) {
    simulation_.stop(VerdictKind::overlap, "a slab's vector is its own", "one slab", "two");
  }
  vectors_.push_back(vector.address);
  if (vector.place == VectorView::Place::in_pages) return;
  const SlabId home = home_of(vector);
  if (memcg_->vector(home).place == VectorView::Place::none) return;
  if (keeps_itself(id)) {
    simulation_.stop(VerdictKind::conservation, "a slab does not keep itself in use",
                     fmt::format("the vector of the slab at page {} elsewhere", id),
                     fmt::format("in the slab at page {}", home));
  }
  simulation_.stop(VerdictKind::structure, "vectors lie in slabs that have none",
                   fmt::format("no vector of the slab at page {}", home), "one");
}

SlabId MemcgAudit::home_of(const VectorView& vector) const {
  return inspector_.slab_of_page(inspector_.page_of(vector.address));
}

/// Its vector lies in it, or in a slab whose vector does, and so on: none of them is ever empty.
bool MemcgAudit::keeps_itself(SlabId id) const {
  SlabId at = id;
  for (std::uint32_t steps = 0; steps < inspector_.page_count(); ++steps) {
    const VectorView vector = memcg_->vector(at);
    if (vector.place != VectorView::Place::in_object) return false;
    at = home_of(vector);
    if (at == id) return true;
  }
  return false;
}

void MemcgAudit::check_entries(SlabId id) {
  const SlabView slab = inspector_.slab(id);
  for (std::uint32_t index = 0; index < slab.objects; ++index) {
    const auto* const object =
        reinterpret_cast<const void*>(slab.first_object + std::uintptr_t{index} * slab.slot_size);
    const auto found = std::ranges::lower_bound(held_, object, {}, &Held::address);
    const bool held = found != held_.end() && found->address == object;
    const PayerId expected = held ? found->payer : kNobody;
    if (memcg_->payer_of_object(object) == expected) continue;
    std::string place = ledger_.place(object);
    simulation_.stop(VerdictKind::conservation, "who pays for an object does so while it is in use",
                     fmt::format("payer {} of the object at {}", expected, place),
                     fmt::format("{}", memcg_->payer_of_object(object)));
  }
}

}  // namespace anyctx::target
