// SlabWorld: performs the slab target's operations on a subject, and judges them.
//
// An operation takes what it frees out of the ledger before it calls the subject, and enters what
// it is given right after: in between, other operations run.
#pragma once

#include <array>
#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/targets/slab_alloc_judge.h"
#include "fuzzers/targets/slab_audit.h"
#include "fuzzers/targets/slab_cache_table.h"
#include "fuzzers/targets/slab_damage.h"
#include "fuzzers/targets/slab_deferral.h"
#include "fuzzers/targets/slab_ledger.h"
#include "fuzzers/targets/slab_memcg_audit.h"
#include "fuzzers/targets/slab_memcg_judge.h"

namespace anyctx::target {

class SlabWorld final : public engine::World {
 public:
  SlabWorld(inject::Simulation& simulation, std::unique_ptr<SlabSubject> subject);

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Args = std::array<std::uint32_t, program::kMaxArgs>;
  using Outcome = engine::Outcome;

  Outcome dispatch(const program::Op& op, inject::Lane lane);
  template <class F>
  Outcome drain(F f);

  // slab_world_alloc.cpp
  Outcome kmalloc(const Args& args, unsigned slot, inject::Lane lane);
  Outcome kmalloc_nolock(const Args& args, unsigned slot);
  Outcome kmem_cache_alloc(const Args& args, unsigned slot, inject::Lane lane);
  Outcome kmem_cache_alloc_nolock(const Args& args, unsigned slot);
  Outcome alloc_pages(const Args& args, unsigned slot, inject::Lane lane, bool nolock);
  Outcome allocate(const AllocCall& call, unsigned slot);
  Outcome request(const AllocCall& call, SlabObject& object);
  void* call_alloc(const AllocCall& call);
  void check_constructed(const AllocCall& call, const void* memory) const;
  page::Gfp gfp_of(std::uint32_t flags, inject::Lane lane, int node) const;
  int node_of(std::uint32_t argument) const;

  // slab_world_free.cpp
  Outcome free(unsigned slot, Freer freer);
  void release(const SlabObject& object, Freer freer);
  void call_free(const SlabObject& object, Freer freer);
  void hand_back(const SlabObject& object);
  [[nodiscard]] bool has_user(SlabId slab) const;
  void note_damage_report();
  Outcome ksize(unsigned slot);
  [[nodiscard]] bool take(unsigned slot, SlabObject& object, Freer freer);
  void put_back(unsigned slot, const SlabObject& object);
  [[nodiscard]] bool may_touch(const SlabObject& object) const;

  // slab_world_caches.cpp
  Outcome kmem_cache_create(const Args& args);
  Outcome kmem_cache_shrink(unsigned name);
  Outcome kmem_cache_destroy(unsigned name);
  void destroy(std::uint16_t index);
  Outcome shrink_bucket(std::size_t size);
  bool shrink(CacheHandle cache, bool is_bucket);
  void check_nothing_cached(CacheHandle cache) const;
  void check_unreferenced(CacheHandle cache) const;
  Outcome barrier();

  // slab_world_memcg.cpp
  Outcome replace_payer(unsigned group);
  Outcome drain_stock();
  void end_accounting();
  // slab_world_sheaves.cpp
  Outcome prefill_sheaf(const Args& args, unsigned slot, inject::Lane lane);
  Outcome alloc_from_sheaf(const Args& args, unsigned slot, inject::Lane lane);
  Outcome refill_sheaf(const Args& args, inject::Lane lane);
  Outcome return_sheaf(unsigned slot);
  [[nodiscard]] bool take_sheaf(unsigned slot, SlabObject& sheaf);
  void give_back(const SlabObject& sheaf);
  void check_filled(const SlabObject& sheaf, std::uint32_t count) const;

  // slab_world_misuse.cpp
  Outcome double_free(unsigned slot);
  Outcome write_after_free(unsigned slot, std::uint32_t byte);
  Outcome write_past_end(unsigned slot);
  Outcome wrong_free(unsigned slot);
  void provoke_report();
  [[nodiscard]] CacheView cache_of(const SlabObject& object) const;
  [[nodiscard]] bool is_on_freelist(const void* object) const;

  // slab_world.cpp
  [[nodiscard]] bool may_free(const SlabObject& object, Freer freer) const;
  void check_steps(std::uint32_t most) const;
  void free_everything();
  void destroy_caches();

  inject::Simulation& simulation_;
  std::unique_ptr<SlabSubject> subject_;
  const SlabInspector& inspector_;
  SlabOptions options_;
  SlabStrictness strictness_;
  bool open_ = false;  // not being set up or torn down: what interrupts that does nothing
  SlabLedger ledger_;
  CacheTable caches_;
  SlabDamage damage_;
  SlabDeferral deferral_;
  AllocJudge judge_;
  SlabAudit audit_;
  MemcgJudge memcg_;
  MemcgAudit memcg_audit_;
};

}  // namespace anyctx::target
