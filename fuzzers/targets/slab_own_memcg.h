// OwnMemcg: the groups and payers of the slab target, in lib/page, and what oracles see of them.
#pragma once

#include <array>

#include "fuzzers/targets/slab_memcg_inspector.h"
#include "inject/sim/sim_machine.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx::target {

class OwnMemcg final : public MemcgInspector {
 public:
  using Sim = inject::Sim;

  OwnMemcg(inject::Simulation& simulation, const page::PageAllocator<Sim>& pages,
           const slab::SlabAllocator<Sim>& slabs)
      : simulation_(simulation), pages_(pages), slabs_(slabs) {}

  /// Starts over: each group of tasks may have `max` pages, all together half as much again. All
  /// payers are online, the first of each group is current.
  void reset(std::uint32_t max, unsigned page_shift, unsigned stock_slots);
  page::Memcg<Sim>& memcg() { return memcg_; }

  /// A group's tasks end, and others come. False: there are no payers left. Nobody is charging.
  bool replace(unsigned group);
  /// Everybody goes, and nothing is kept in stock. Nobody uses anything.
  void end();

  std::uint32_t groups() const override { return kPayingGroups + 1; }
  GroupView group(std::uint32_t index) const override;
  std::uint32_t payers() const override { return kMostPayers; }
  PayerView payer(PayerId id) const override;
  PayerId current() const override;
  PayerId payer_of_object(const void* object) const override;
  PayerId payer_of_pages(const void* pages) const override;
  VectorView vector(SlabId slab) const override;

 private:
  PayerId id_of(const page::ObjCgroup<Sim>* payer) const {
    return payer == nullptr ? kNobody : static_cast<PayerId>(payer - payers_.data());
  }

  inject::Simulation& simulation_;
  const page::PageAllocator<Sim>& pages_;
  const slab::SlabAllocator<Sim>& slabs_;
  page::Memcg<Sim> memcg_;
  std::array<page::MemCgroup<Sim>, kPayingGroups + 1> groups_;  // the last is above the others
  std::array<page::ObjCgroup<Sim>, kMostPayers> payers_;        // in turn of each group
  std::array<bool, kMostPayers> online_{};
  std::array<PayerId, kPayingGroups> current_{};  // written while nobody is charging
};

}  // namespace anyctx::target
