#include "fuzzers/targets/arena_own_inspector.h"
#include "fuzzers/targets/slab_options.h"

#include "lib/slab/census.h"

namespace anyctx::target {

using model::SlotRange;

namespace {

SlotRange range_of(bpf::Slots slots) {
  return {static_cast<std::uint32_t>(slots.first), static_cast<std::uint32_t>(slots.count)};
}

std::int64_t kernel_page_of(const bpf::ArenaLayout& layout, std::uint64_t address) {
  return static_cast<std::int64_t>(address - layout.kernel_start()) >> layout.page_shift();
}

}  // namespace

model::ArenaGeometry OwnArenaInspector::geometry(unsigned index) const {
  model::ArenaGeometry geometry;
  geometry.page_shift = stage_.options.page_shift;
  if (const Arena* const arena = at(index)) {
    geometry.max_entries = static_cast<std::uint32_t>(arena->peek_tree().limit());
    geometry.user_start = arena->peek_window().start;
    geometry.user_end = arena->peek_window().end;
  }
  return geometry;
}

void OwnArenaInspector::free_runs(unsigned arena, std::vector<SlotRange>& runs) const {
  runs.clear();
  at(arena)->peek_tree().visit([&](std::uint64_t first, std::uint64_t size) {
    runs.push_back(range_of({first, size}));
  });
}

std::string_view OwnArenaInspector::tree_fault(unsigned arena) const {
  return at(arena)->peek_tree().audit();
}

model::LeafView OwnArenaInspector::view(const Arena& arena, std::uint64_t address,
                                        const page::Page<Sim>* page) const {
  return {.kernel_page = kernel_page_of(arena.layout(), address),
          .page = frame(page),
          .scratch = arena.peek_pages().is_scratch(page),
          .unsynced = arena.peek_pages().area().table().peek_unsynced(address)};
}

void OwnArenaInspector::leaves(unsigned index, std::vector<model::LeafView>& leaves) const {
  leaves.clear();
  if (at(index) == nullptr) return;
  const Arena& arena = *at(index);
  arena.peek_pages().area().table().peek_each(
      [&](std::uint64_t address, const page::Page<Sim>* page, bool) {
        leaves.push_back(view(arena, address, page));
      });
}

bool OwnArenaInspector::leaf(unsigned index, std::int64_t kernel_page,
                             model::LeafView& leaf) const {
  if (at(index) == nullptr) return false;
  const Arena& arena = *at(index);
  const auto& table = arena.peek_pages().area().table();
  const std::uint64_t address =
      arena.layout().kernel_start() +
      (static_cast<std::uint64_t>(kernel_page) << arena.layout().page_shift());
  const page::Page<Sim>* const page = table.contains(address) ? table.peek_load(address) : nullptr;
  if (page == nullptr) return false;
  leaf = view(arena, address, page);
  return true;
}

void OwnArenaInspector::spans(unsigned index, std::vector<SlotRange>& spans) const {
  spans.clear();
  if (at(index) == nullptr) return;
  const Arena& arena = *at(index);
  arena.peek_spans([&](bpf::Slots slots) { spans.push_back(range_of(slots)); });
  arena.peek_teardowns().peek_each([&](bpf::Slots slots, bpf::TeardownPhase phase) {
    if (phase == bpf::TeardownPhase::active) spans.push_back(range_of(slots));
  });
}

bool OwnArenaInspector::has_late_slots(unsigned index) const {
  bool has_some = false;
  at(index)->peek_teardowns().peek_each(
      [&](bpf::Slots, bpf::TeardownPhase phase) { has_some |= phase == bpf::TeardownPhase::done; });
  return has_some;
}

void OwnArenaInspector::vmas(unsigned arena, std::vector<model::VmaView>& vmas) const {
  vmas.clear();
  at(arena)->peek_users().peek_each([&](std::uint64_t start, std::uint64_t end) {
    vmas.push_back({start, end});
  });
}

std::uint64_t OwnArenaInspector::counter(unsigned arena) const {
  return at(arena) == nullptr ? 0 : at(arena)->peek_pages().peek_count();
}

bool OwnArenaInspector::lock_is_free(unsigned arena) const {
  return at(arena)->peek_lock() == 0;
}

bool OwnArenaInspector::work_is_idle(unsigned arena) const {
  return at(arena) == nullptr || at(arena)->peek_idle();
}

void OwnArenaInspector::tlb(unsigned index, std::vector<model::TlbView>& entries) const {
  entries.clear();
  if (at(index) == nullptr) return;
  const Arena& arena = *at(index);
  stage_.kernel.peek_tlb([&](unsigned cpu, std::uint64_t address, const page::Page<Sim>* page) {
    if (!arena.layout().has_kernel(address)) return;
    const model::LeafView leaf = view(arena, address, page);
    entries.push_back({cpu, leaf.kernel_page, leaf.page, leaf.scratch});
  });
}

/// Processes map the first arena only.
void OwnArenaInspector::user_ptes(unsigned arena, std::vector<model::UserPteView>& ptes) const {
  ptes.clear();
  if (arena != 0) return;
  for (unsigned i = 0; i < ArenaStage::kSpaces; ++i) {
    stage_.spaces[i].peek_ptes([&](std::uint64_t address, const page::Page<Sim>* page) {
      ptes.push_back({i, address, frame(page)});
    });
  }
}

model::ArenaPageView OwnArenaInspector::page(ArenaPage number) const {
  const page::Page<Sim>* const page = stage_.pages.map().page(number);
  return {page->refcount.peek(), page->kind != page::PageKind::live};
}

std::byte* OwnArenaInspector::address(ArenaPage page) const {
  return static_cast<std::byte*>(stage_.pages.map().address(stage_.pages.map().page(page)));
}

std::int64_t OwnArenaInspector::chargeable() const {
  std::size_t bytes = 0;
  for (const auto& entry : stage_.arenas) {
    const Arena* const arena = entry.load();
    if (arena == nullptr) continue;
    const std::size_t pages = arena->peek_pages().peek_count() + 1;  // with the scratch page
    bytes += sizeof(Arena) + pages * stage_.pages.page_size();
    std::size_t nodes = arena->peek_nodes().peek_spare() ? 1 : 0;
    arena->peek_tree().visit([&](std::uint64_t, std::uint64_t) { ++nodes; });
    bytes += nodes * sizeof(bpf::RangeNode);
    arena->peek_records([&](std::size_t size) { bytes += size; });
  }
  return static_cast<std::int64_t>(bytes);
}

ArenaStock OwnArenaInspector::stock() const {
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
  return stock;
}

ArenaSupply OwnArenaInspector::supply() const {
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
