#include "fuzzers/targets/arena_map_oracles.h"

#include <fmt/format.h>

namespace anyctx::target {

using inject::VerdictKind;
using model::SlotRange;

namespace {

/// Pages that the creation of an arena may find missing although they are free.
constexpr std::int64_t kCreationPages = 48;

void judge_new_arena(const ArenaScene& scene, unsigned arena,
                     const model::ArenaAttributes& attributes) {
  const ArenaInspector& inspector = scene.inspector();
  const model::ArenaGeometry geometry = inspector.geometry(arena);
  std::vector<SlotRange> runs;
  inspector.free_runs(arena, runs);
  const bool all_free =
      runs.size() == 1 && runs[0].first == 0 && runs[0].count == attributes.max_entries;
  const bool placed = attributes.map_extra != 0;
  const std::uint64_t start = placed ? attributes.map_extra : geometry.user_start;
  const std::uint64_t bytes = attributes.max_entries << geometry.page_shift;
  const bool in_place = placed ? geometry.user_start == start && geometry.user_end == start + bytes
                               : !geometry.is_placed();
  const std::uint64_t counter = inspector.counter(arena);
  std::string found;
  if (!all_free) found = fmt::format("{} runs of free slots", runs.size());
  if (!in_place) found = fmt::format("{:#x}..{:#x}", geometry.user_start, geometry.user_end);
  if (counter != 0) found = fmt::format("{} pages", counter);
  runs = {};  // a verdict abandons this frame
  if (found.empty()) return;
  scene.accuse(VerdictKind::spurious_failure, "a new arena has all its slots free, in its place",
               fmt::format("{} free slots", attributes.max_entries), std::move(found));
}

}  // namespace

void judge_creation(const ArenaScene& scene, const ArenaCall& call, unsigned arena,
                    const model::ArenaAttributes& attributes, unsigned page_shift, int result,
                    const ArenaStock* before) {
  const int error = model::create_error(attributes, page_shift);
  const bool no_memory = error == 0 && result == -ENOMEM;
  if (result != error && !no_memory) {
    scene.accuse(VerdictKind::error_code, "the first thing wrong with the attributes is answered",
                 fmt::format("{}", error), fmt::format("{}", result));
  }
  if (no_memory && call.alone && !call.excused) {
    const ArenaSupply supply = scene.inspector().supply();
    const bool enough = supply.objects_to_be_had && supply.free_pages >= kCreationPages;
    if (call.causes == 0 || (call.quiet && enough)) {
      scene.accuse(VerdictKind::spurious_failure, "an arena for which there is memory is created",
                   "0", fmt::format("{}, with {} pages free", result, supply.free_pages));
    }
  }
  if (result == 0) {
    judge_new_arena(scene, arena, attributes);
  } else if (call.alone && before != nullptr) {
    judge_stock(scene, *before, "an arena that could not be created leaves nothing");
  }
}

/// I9, I24
void judge_end(const ArenaScene& scene, const ArenaCall& call, unsigned arena) {
  if (!call.alone || scene.inspector().work_is_idle(arena)) return;
  scene.accuse(VerdictKind::use_after_destroy, "nothing of an arena runs once it is destroyed",
               "no work", "work that is asked for or runs");
}

void judge_rest(const ArenaScene& scene) {
  if (!scene.is_at_rest()) {
    scene.accuse(VerdictKind::no_progress, "frees that wait for the worker come to an end",
                 "none, and no work", "some");
  }
  if (scene.inspector().lock_is_free(0)) return;
  scene.accuse(VerdictKind::lock_state, "at rest, nobody has the arena's lock", "free", "taken");
}

void judge_stock(const ArenaScene& scene, const ArenaStock& before, std::string_view when) {
  const ArenaStock after = scene.inspector().stock();
  if (after == before) return;
  const auto text = [](const ArenaStock& stock) {
    return fmt::format("{} pages, {} objects and {} areas in use, {} bytes charged", stock.pages,
                       stock.objects, stock.areas, stock.charge);
  };
  scene.accuse(VerdictKind::conservation, when, text(before), text(after));
}

void judge_mmap(const ArenaScene& scene, const ArenaCall& call, const model::ArenaGeometry& before,
                const model::MmapAsk& ask, bool mapped, std::int64_t result) {
  const int error = model::mmap_error(before, ask, mapped);
  const bool failed = result < 0;
  if (call.alone && error != 0 && !failed) {
    scene.accuse(VerdictKind::error_code, "a mapping that does not fit the arena is refused",
                 fmt::format("{}", error), fmt::format("{:#x}", result));
  }
  if (call.alone && error != 0 && !mapped && result != error) {
    scene.accuse(VerdictKind::error_code, "the first thing wrong with a mapping is answered",
                 fmt::format("{}", error), fmt::format("{}", result));
  }
  if (call.alone && error == 0 && failed && call.causes == 0) {
    scene.accuse(VerdictKind::spurious_failure, "a mapping that fits the arena is made", "mapped",
                 fmt::format("{}", result));
  }
  const model::ArenaGeometry after = scene.geometry();
  const bool moved = after.user_start != before.user_start || after.user_end != before.user_end;
  if (!moved) return;
  const bool first = call.alone ? !before.is_placed() && !failed : !before.is_placed();
  const bool lawful = after.user_start >> 32 == (after.user_end - 1) >> 32;
  if (first && lawful) return;
  scene.accuse(VerdictKind::placement,
               "an arena gets its place with the first mapping, across no 4 GiB line, for ever",
               fmt::format("{:#x}..{:#x}", before.user_start, before.user_end),
               fmt::format("{:#x}..{:#x}", after.user_start, after.user_end));
}

void judge_vmas(const ArenaScene& scene, const std::vector<model::VmaView>& vmas,
                unsigned processes) {
  const model::ArenaGeometry arena = scene.geometry();
  if (vmas.size() != processes) {
    scene.accuse(VerdictKind::conservation, "the arena knows the processes that map it",
                 fmt::format("{}", processes), fmt::format("{}", vmas.size()));
  }
  for (const model::VmaView& vma : vmas) {
    if (vma.start == arena.user_start && vma.end == arena.user_end) continue;
    scene.accuse(VerdictKind::structure, "every mapping of an arena is of all of it",
                 fmt::format("{:#x}..{:#x}", arena.user_start, arena.user_end),
                 fmt::format("{:#x}..{:#x}", vma.start, vma.end));
  }
}

void judge_answer(const ArenaScene& scene, std::string_view what, std::int64_t expected,
                  std::int64_t found) {
  if (expected == found) return;
  scene.accuse(VerdictKind::error_code, what, fmt::format("{}", expected),
               fmt::format("{}", found));
}

}  // namespace anyctx::target
