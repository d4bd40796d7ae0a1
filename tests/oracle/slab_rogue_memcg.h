// What a slab allocator that misbehaves says about its accounting.
#pragma once

#include <functional>

#include "fuzzers/targets/slab_memcg_inspector.h"

namespace anyctx::target {

/// Answers as the honest inspector does, but where a function says otherwise.
class RogueMemcg final : public MemcgInspector {
 public:
  void watch(const MemcgInspector* honest) { honest_ = honest; }
  bool is_on() const { return honest_ != nullptr; }

  std::function<void(GroupView&)> change_group;
  std::function<void(PayerId, PayerView&)> change_payer;
  std::function<PayerId(const void* object, PayerId)> payer_of;
  std::function<void(SlabId, VectorView&)> change_vector;

  std::uint32_t groups() const override { return honest_->groups(); }
  GroupView group(std::uint32_t index) const override {
    GroupView view = honest_->group(index);
    if (change_group) change_group(view);
    return view;
  }
  std::uint32_t payers() const override { return honest_->payers(); }
  PayerView payer(PayerId id) const override {
    PayerView view = honest_->payer(id);
    if (change_payer) change_payer(id, view);
    return view;
  }
  PayerId current() const override { return honest_->current(); }
  PayerId payer_of_object(const void* object) const override {
    const PayerId payer = honest_->payer_of_object(object);
    return payer_of ? payer_of(object, payer) : payer;
  }
  PayerId payer_of_pages(const void* pages) const override {
    return honest_->payer_of_pages(pages);
  }
  VectorView vector(SlabId slab) const override {
    VectorView view = honest_->vector(slab);
    if (change_vector) change_vector(slab, view);
    return view;
  }

 private:
  const MemcgInspector* honest_ = nullptr;
};

}  // namespace anyctx::target
