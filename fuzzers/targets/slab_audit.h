// SlabAudit: walks everything a slab allocator holds and compares it with what it says, and with
// what its users hold. For quiescence: no operation or deferred work is in progress.
#pragma once

#include <string>
#include <vector>

#include "fuzzers/targets/slab_cache_table.h"
#include "fuzzers/targets/slab_damage.h"
#include "fuzzers/targets/slab_ledger.h"

namespace anyctx::target {

class SlabAudit {
 public:
  SlabAudit(inject::Simulation& simulation, const SlabInspector& inspector,
            const SlabLedger& ledger, const CacheTable& caches, const SlabDamage& damage)
      : simulation_(simulation),
        inspector_(inspector),
        ledger_(ledger),
        caches_(caches),
        damage_(damage) {}

  /// Stops the run at the first rule that is broken.
  void run(const SlabOptions& options, const SlabStrictness& strictness);

 private:
  enum class Place : std::uint8_t { nowhere, cpu, chain, partial, full };

  // Lists of slabs.
  void place_slabs(CacheHandle cache);
  void place_cpu(CacheHandle cache, unsigned cpu);
  void place_list(CacheHandle cache, unsigned node, SlabId first, Place place,
                  std::uint32_t counted);
  void put(SlabId slab, Place place, CacheHandle cache);

  // Sheaves.
  void collect_sheaves(CacheHandle cache);
  void collect_cpu_sheaves(CacheHandle cache, unsigned cpu);
  std::uint32_t collect_barn_list(CacheHandle cache, SheafId first, bool full);
  enum class Owner : std::uint8_t { allocator, user };
  void collect_sheaf(CacheHandle cache, SheafId sheaf, Owner owner = Owner::allocator);
  void collect_users_sheaves();
  void check_collected();

  // Slabs, each by itself.
  void count_slab(SlabId id, const SlabView& slab);
  void check_slab(SlabId id, const SlabView& slab);
  [[nodiscard]] bool is_listed_when_full(const CacheView& cache) const;
  void check_place(SlabId id, const SlabView& slab, const CacheView& cache);
  std::size_t mark_freelist(SlabId id, const SlabView& slab, const void* first);
  void mark_sheaf_objects(SlabId id, const SlabView& slab);
  void mark_free(SlabId id, std::uint32_t index, const char* where);
  void check_hidden(SlabId id, const SlabView& slab, std::size_t length) const;
  void count_held(const SlabView& slab);
  void check_objects(SlabId id, const SlabView& slab);
  void check_users_object(SlabId id, const void* object);

  void check_counters(CacheHandle cache);
  void check_pages();
  [[noreturn]] void stop(inject::VerdictKind kind, const char* rule, std::string expected,
                         std::string found) const;
  std::string name(SlabId slab) const;

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  const SlabLedger& ledger_;
  const CacheTable& caches_;
  const SlabDamage& damage_;

  SlabStrictness strictness_;
  bool encoded_ = false;  // free objects hide their successors
  unsigned barn_limit_ = 0;
  std::vector<Place> places_;               // by first page
  std::vector<const void*> cpu_freelists_;  // by first page: of the slabs that CPUs own
  std::vector<CacheHandle> known_;
  std::vector<SheafId> sheaves_;
  std::vector<const void*> sheaf_objects_;  // by address
  std::vector<const void*> freelist_;
  std::vector<std::uint64_t> is_free_;  // objects of one slab
  struct Tally {
    std::int64_t slabs = 0;
    std::int64_t objects = 0;
    std::int64_t empty_partial = 0;
  };
  std::vector<Tally> tallies_;  // by index in known_ and node
  std::int64_t slab_pages_ = 0;
  std::size_t held_objects_ = 0;
};

}  // namespace anyctx::target
