#include "fuzzers/targets/arena_machine_inspector.h"

#include "fuzzers/targets/slab_options.h"
#include "lib/page/census.h"
#include "lib/slab/census.h"

namespace anyctx::target {

/// Processes map the first arena only.
void ArenaMachineInspector::user_ptes(unsigned arena, std::vector<model::UserPteView>& ptes) const {
  ptes.clear();
  if (arena != 0) return;
  for (unsigned i = 0; i < ArenaStage::kSpaces; ++i) {
    stage_.spaces[i].peek_ptes([&](std::uint64_t address, const page::Page<Sim>* page) {
      ptes.push_back({i, address, frame(page)});
    });
  }
}

model::ArenaPageView ArenaMachineInspector::page(ArenaPage number) const {
  const page::Page<Sim>* const page = stage_.pages.map().page(number);
  return {page->refcount.peek(), page->kind != page::PageKind::live};
}

std::byte* ArenaMachineInspector::address(ArenaPage page) const {
  return static_cast<std::byte*>(stage_.pages.map().address(stage_.pages.map().page(page)));
}

ArenaStock ArenaMachineInspector::stock() const {
  ArenaStock stock;
  stock.charge = charged();
  stock.pages = static_cast<std::int64_t>(stage_.pages.map().count()) -
                page::take_census(stage_.pages).total();
  slab::for_each_slab(stage_.slabs, [&](const slab::Slab<Sim>& slab) {
    stock.pages -=
        static_cast<std::int64_t>(stage_.slabs.source().bytes(slab) >> stage_.options.page_shift);
  });
  for (const auto* cache = stage_.slabs.first_cache(); cache != nullptr;
       cache = cache->next_cache) {
    if (cache->node(0).peek_nr_slabs() == 0) continue;
    stock.objects += slab::take_census(stage_.slabs, *cache).live();
  }
  for (const page::KernelArea<Sim>& area : stage_.kernel.areas()) stock.areas += area.is_used;
  return stock;
}

ArenaSupply ArenaMachineInspector::supply() const {
  const bool never = stage_.options.always_null && !Sim::has_cas2();
  // What other CPUs have on their lists is not to be had without waiting.
  std::int64_t pages = 0;
  for (unsigned index = 0; index < stage_.pages.zone_count(); ++index) {
    const page::Zone<Sim>& zone = stage_.pages.zone(index);
    pages += zone.buddy().areas().peek_free_pages() + zone.pcp(Sim::cpu()).count;
  }
  return {pages, !never && memory_.has_room(kLargestSlabOrder, -1)};
}

}  // namespace anyctx::target
