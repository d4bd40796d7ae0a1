#include "fuzzers/kernel/kernel_arena_inspector.h"

#include "fuzzers/kernel/range_tree.h"

namespace anyctx::target {

using model::SlotRange;

namespace {

using Visit = void (*)(void* to, std::uint32_t first, std::uint32_t last);

void visit_tree(const KernelArena& arena, Visit visit, void* to) {
  anyctx_range_tree_visit(anyctx_arena_tree(arena.map()), visit, to);
}

}  // namespace

model::ArenaGeometry KernelArenaInspector::geometry(unsigned index) const {
  model::ArenaGeometry geometry;
  geometry.page_shift = stage_.options.page_shift;
  if (const KernelArena* const arena = at(index)) {
    geometry.max_entries = anyctx_arena_max_entries(arena->map());
    anyctx_arena_window(arena->map(), &geometry.user_start, &geometry.user_end);
  }
  return geometry;
}

void KernelArenaInspector::free_runs(unsigned arena, std::vector<SlotRange>& runs) const {
  runs.clear();
  visit_tree(
      *at(arena),
      [](void* to, std::uint32_t first, std::uint32_t last) {
        static_cast<std::vector<SlotRange>*>(to)->push_back({first, last - first + 1});
      },
      &runs);
}

std::string_view KernelArenaInspector::tree_fault(unsigned arena) const {
  const char* const wrong = anyctx_range_tree_audit(anyctx_arena_tree(at(arena)->map()));
  return wrong == nullptr ? std::string_view() : wrong;
}

KernelArenaInspector::Mapping KernelArenaInspector::mapping_of(const KernelArena& arena) {
  return {anyctx_arena_kernel_start(arena.map()), anyctx_arena_scratch_page(arena.map())};
}

model::LeafView KernelArenaInspector::view(const Mapping& mapping, std::uint64_t address,
                                           const page::Page<Sim>* page, bool unsynced) const {
  return {.kernel_page =
              static_cast<std::int64_t>(address - mapping.start) >> stage_.options.page_shift,
          .page = frame(page),
          .scratch = frame(page) == mapping.scratch_page,
          .unsynced = unsynced};
}

void KernelArenaInspector::leaves(unsigned index, std::vector<model::LeafView>& leaves) const {
  leaves.clear();
  const KernelArena* const arena = at(index);
  if (arena == nullptr) return;
  const Mapping mapping = mapping_of(*arena);
  arena->area().table().peek_each(
      [&](std::uint64_t address, const page::Page<Sim>* page, bool unsynced) {
        leaves.push_back(view(mapping, address, page, unsynced));
      });
}

bool KernelArenaInspector::leaf(unsigned index, std::int64_t kernel_page,
                                model::LeafView& leaf) const {
  const KernelArena* const arena = at(index);
  if (arena == nullptr) return false;
  const auto& table = arena->area().table();
  const std::uint64_t address =
      anyctx_arena_kernel_start(arena->map()) +
      (static_cast<std::uint64_t>(kernel_page) << stage_.options.page_shift);
  const page::Page<Sim>* const page = table.contains(address) ? table.peek_load(address) : nullptr;
  if (page == nullptr) return false;
  leaf = view(mapping_of(*arena), address, page, table.peek_unsynced(address));
  return true;
}

/// Those that the worker has taken are on no list: it has the arena's lock until they are free.
void KernelArenaInspector::spans(unsigned index, std::vector<SlotRange>& spans) const {
  spans.clear();
  const KernelArena* const arena = at(index);
  if (arena == nullptr) return;
  struct Target {
    std::vector<SlotRange>& spans;
    model::ArenaGeometry geometry;
  } target{spans, geometry(index)};
  anyctx_arena_visit_spans(
      arena->map(),
      [](void* to, std::uint64_t address, std::uint32_t pages) {
        auto& [list, geometry] = *static_cast<Target*>(to);
        list.push_back({geometry.slot(address), pages});
      },
      &target);
}

void KernelArenaInspector::vmas(unsigned arena, std::vector<model::VmaView>& vmas) const {
  vmas.clear();
  anyctx_arena_visit_vmas(
      at(arena)->map(),
      [](void* to, std::uint64_t start, std::uint64_t end) {
        static_cast<std::vector<model::VmaView>*>(to)->push_back({start, end});
      },
      &vmas);
}

/// Versions that do not count have what is mapped.
std::uint64_t KernelArenaInspector::counter(unsigned index) const {
  const KernelArena* const arena = at(index);
  std::uint64_t pages = 0;
  if (arena == nullptr || anyctx_arena_counter(arena->map(), &pages)) return pages;
  const Mapping mapping = mapping_of(*arena);
  arena->area().table().peek_each([&](std::uint64_t address, const page::Page<Sim>* page, bool) {
    pages += !view(mapping, address, page, false).scratch;
  });
  return pages;
}

void KernelArenaInspector::tlb(unsigned index, std::vector<model::TlbView>& entries) const {
  entries.clear();
  const KernelArena* const arena = at(index);
  if (arena == nullptr) return;
  const Mapping mapping = mapping_of(*arena);
  stage_.kernel.peek_tlb([&](unsigned cpu, std::uint64_t address, const page::Page<Sim>* page) {
    if (address < arena->area().start() || address >= arena->area().end()) return;
    const model::LeafView leaf = view(mapping, address, page, false);
    entries.push_back({cpu, leaf.kernel_page, leaf.page, leaf.scratch});
  });
}

ArenaStock KernelArenaInspector::owned() const {
  ArenaStock owned;
  const auto has = [&](std::int64_t objects, std::size_t bytes) {
    owned.objects += objects;
    owned.charge += objects * static_cast<std::int64_t>(bytes);
  };
  for (unsigned index = 0; index < ArenaSubject::kArenas; ++index) {
    const KernelArena* const arena = at(index);
    if (arena == nullptr) continue;
    std::int64_t nodes = 0;
    visit_tree(
        *arena, [](void* to, std::uint32_t, std::uint32_t) { ++*static_cast<std::int64_t*>(to); },
        &nodes);
    std::int64_t spans = 0;
    anyctx_arena_visit_spans(
        arena->map(),
        [](void* to, std::uint64_t, std::uint32_t) { ++*static_cast<std::int64_t*>(to); }, &spans);
    has(1, anyctx_arena_bytes());
    has(nodes, anyctx_range_node_bytes());
    has(spans, anyctx_arena_span_bytes());
    owned.pages += static_cast<std::int64_t>(counter(index)) + 1;  // with the scratch page
  }
  owned.charge += owned.pages * static_cast<std::int64_t>(stage_.pages.page_size());
  return owned;
}

}  // namespace anyctx::target
