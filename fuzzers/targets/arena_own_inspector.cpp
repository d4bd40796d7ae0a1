#include "fuzzers/targets/arena_own_inspector.h"

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

ArenaStock OwnArenaInspector::owned() const {
  ArenaStock owned;
  const auto has = [&](std::size_t bytes) {
    ++owned.objects;
    owned.charge += static_cast<std::int64_t>(bytes);
  };
  for (const auto& entry : stage_.arenas) {
    const Arena* const arena = entry.load();
    if (arena == nullptr) continue;
    has(sizeof(Arena));
    if (arena->peek_nodes().peek_spare()) has(sizeof(bpf::RangeNode));
    arena->peek_tree().visit([&](std::uint64_t, std::uint64_t) { has(sizeof(bpf::RangeNode)); });
    arena->peek_records(has);
    owned.pages += arena->peek_pages().peek_count() + 1;  // with the scratch page
  }
  owned.charge += owned.pages * static_cast<std::int64_t>(stage_.pages.page_size());
  return owned;
}

}  // namespace anyctx::target
