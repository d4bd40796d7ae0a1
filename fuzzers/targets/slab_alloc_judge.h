// AllocJudge: whether the result of an allocation is one that the contract allows.
#pragma once

#include <array>

#include "fuzzers/model/kmalloc_contract.h"
#include "fuzzers/targets/slab_cache_table.h"
#include "fuzzers/targets/slab_damage.h"
#include "fuzzers/targets/slab_ledger.h"

namespace anyctx::target {

/// What was asked for.
struct AllocCall {
  Origin origin = Origin::nothing;
  bool nolock = false;
  std::size_t size = 0;  // bytes
  unsigned order = 0;    // pages
  page::Gfp gfp = page::Gfp::none;
  int node = -1;
  std::uint16_t cache = CacheTable::kNone;
  SheafId sheaf = nullptr;  // of cache: the sheaf that its user filled in advance
};

class AllocJudge {
 public:
  /// What is known before a call and no longer afterwards.
  struct Before {
    bool preemptible = false;     // the caller
    bool alone = false;           // nobody was in the middle of an operation
    bool room = false;            // enough pages for it, on any reading of the rules
    bool cached = false;          // if alone: sheaves at hand can serve it
    bool next_cached = false;     // if alone: those of the next bucket can
    std::int64_t free_pages = 0;  // if alone
    std::int64_t left_pages = 0;  // if alone: what a failed call must leave
  };

  AllocJudge(inject::Simulation& simulation, const SlabInspector& inspector,
             const SlabLedger& ledger, const CacheTable& caches, SlabDamage& damage)
      : simulation_(simulation),
        inspector_(inspector),
        ledger_(ledger),
        caches_(caches),
        damage_(damage),
        contract_(8, 4096) {}

  void reset(const SlabOptions& options, const SlabStrictness& strictness);
  const model::KmallocContract& contract() const { return contract_; }

  Before look(const AllocCall& call) const;
  /// The call returned null.
  void judge_null(const AllocCall& call, const Before& before) const;
  /// The call returned memory. Returns how many bytes of it are the caller's.
  std::uint32_t judge_memory(const AllocCall& call, const Before& before, const void* memory);
  /// Whether the sheaves of this CPU have room for an object that is passed to kfree_nolock() now,
  /// and nobody is in the way.
  [[nodiscard]] bool has_place(const void* object) const;
  /// The object was deferred all the same.
  void judge_deferred() const;
  /// kmem_cache_create() of a possible cache returned null.
  void judge_no_cache(const AllocCall& structure, const Before& before) const;

 private:
  [[nodiscard]] bool must_fail(const AllocCall& call) const;
  std::int64_t left_pages(const AllocCall& call) const;
  [[nodiscard]] bool must_succeed(const AllocCall& call, const Before& before) const;
  [[nodiscard]] bool takes_cached_only(const AllocCall& call) const;
  [[nodiscard]] bool is_cached(CacheHandle cache) const;
  [[nodiscard]] bool is_debug(const AllocCall& call) const;
  unsigned order_of(const AllocCall& call) const;
  void judge_empty(const AllocCall& call) const;
  void check_attempts(const AllocCall& call) const;
  void check_pages_kept(const AllocCall& call, const Before& before) const;

  std::uint32_t judge_object(const AllocCall& call, const Before& before, const void* memory);
  std::uint32_t judge_pages(const AllocCall& call, const void* memory) const;
  void check_cached(const AllocCall& call, const Before& before) const;
  void check_source(const AllocCall& call, const CacheView& cache, CacheHandle handle) const;
  void check_size(const AllocCall& call, const Before& before, std::size_t found) const;
  void check_slot(const SlabView& slab, const void* memory) const;
  void check_alignment(const void* memory, std::size_t alignment) const;
  void check_zero(const void* memory, std::size_t bytes) const;
  void check_node(const AllocCall& call, const void* memory) const;
  [[noreturn]] void spurious(const char* rule, std::string found) const;

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  const SlabLedger& ledger_;
  const CacheTable& caches_;
  SlabDamage& damage_;
  model::KmallocContract contract_;
  SlabOptions options_;
  SlabStrictness strictness_;
};

}  // namespace anyctx::target
