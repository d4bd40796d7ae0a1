// MemcgAudit: walks who pays for each object of each slab. For quiescence: no operation or deferred
// work is in progress.
#pragma once

#include <vector>

#include "fuzzers/targets/slab_ledger.h"
#include "fuzzers/targets/slab_memcg_inspector.h"

namespace anyctx::target {

class MemcgAudit {
 public:
  MemcgAudit(inject::Simulation& simulation, const SlabInspector& inspector,
             const SlabLedger& ledger)
      : simulation_(simulation), inspector_(inspector), ledger_(ledger) {}

  /// Stops the run at the first rule that is broken. Null: nobody pays for anything.
  void run(const MemcgInspector* memcg);

 private:
  void check_vector(SlabId slab);
  SlabId home_of(const VectorView& vector) const;
  bool keeps_itself(SlabId slab) const;
  void check_entries(SlabId slab);

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  const SlabLedger& ledger_;
  const MemcgInspector* memcg_ = nullptr;

  struct Held {
    const void* address;
    PayerId payer;
  };
  std::vector<Held> held_;            // by address
  std::vector<const void*> vectors_;  // of the slabs that were looked at
};

}  // namespace anyctx::target
