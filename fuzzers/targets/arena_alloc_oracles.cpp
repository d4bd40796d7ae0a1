#include "fuzzers/targets/arena_alloc_oracles.h"

#include <fmt/format.h>

#include "fuzzers/model/content.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using model::SlotRange;
using model::SlotState;

/// Pages that an allocation may find missing although they are free: what the page allocator keeps
/// back, what lies on other CPUs' lists, and the arena's own needs.
constexpr std::int64_t kSlackPages = 24;

std::string text_of(const ArenaRequest& request) {
  return fmt::format("{} pages{}", request.count, request.ask.fixed ? ", fixed" : "");
}

bool is_legal(const ArenaRequest& request) {
  return request.ask.legal && !request.bad_arguments;
}

/// Of slots that no user can map, an arena hands out none; which of the others then, is its own.
bool has_unmapped_slots(const ArenaScene& scene) {
  const model::ArenaGeometry arena = scene.geometry();
  return arena.pages() < arena.max_entries;
}

/// Whether the model has room for it: only right if nothing changed since the last look.
bool has_room(const ArenaScene& scene, const ArenaRequest& request) {
  if (!request.ask.fixed && has_unmapped_slots(scene)) return false;
  if (request.ask.fixed) return scene.space.all_free(request.ask.range);
  return scene.space.longest() >= request.count;
}

void judge_null(ArenaScene& scene, const ArenaCall& call, const ArenaRequest& request) {
  if (!is_legal(request) || !call.alone || call.excused) return;
  if (!call.settled || !has_room(scene, request)) return;
  const ArenaSupply supply = scene.inspector().supply();
  const bool enough = supply.free_pages >= std::int64_t{request.count} + kSlackPages;
  if (call.causes != 0 && (!enough || !supply.objects_to_be_had)) return;
  // What else ran may have been in the way.
  if (call.causes != 0 && !call.quiet) return;
  scene.accuse(VerdictKind::spurious_failure,
               "an allocation that nothing is in the way of, for which there is room, succeeds",
               "memory: " + text_of(request),
               fmt::format("null, with {} pages of memory free", supply.free_pages));
}

/// I15: what a failed call may leave. It undoes what it did: at once where it may sleep, by way of
/// the worker elsewhere, or if it does not get the lock again; without memory for that, not at all.
ArenaAllowance leftovers(const ArenaScene& scene, const ArenaCall& call,
                         const ArenaRequest& request) {
  if (!is_legal(request)) return {.failed = true};
  const std::uint32_t more = call.causes - (request.sleepable ? 1u : 0u);
  if (call.causes == 0) {
    return {.queued = !call.alone, .stranded = false, .lost = false, .failed = call.alone};
  }
  return {.queued = more >= 1 || !call.alone,
          .stranded = more >= 2,
          .lost = !scene.strictness().tree_is_transactional,
          .failed = call.alone};
}

SlotRange slots_of(const ArenaScene& scene, const ArenaRequest& request, std::uint64_t pointer) {
  const model::ArenaGeometry arena = scene.geometry();
  const std::uint64_t bytes = std::uint64_t{request.count} << arena.page_shift;
  const bool inside = pointer % arena.page_bytes() == 0 && pointer >= arena.user_start &&
                      pointer < arena.user_end && bytes <= arena.user_end - pointer;
  if (!inside) {
    scene.accuse(
        VerdictKind::placement, "memory of an arena is page aligned and within its range",
        fmt::format("within {:#x}..{:#x}: {}", arena.user_start, arena.user_end, text_of(request)),
        fmt::format("{:#x}", pointer));
  }
  return {arena.slot(pointer), request.count};
}

void judge_place(const ArenaScene& scene, const ArenaCall& call, const ArenaRequest& request,
                 SlotRange range) {
  if (request.ask.fixed && range.first != request.ask.range.first) {
    scene.accuse(VerdictKind::placement, "memory is where it was asked for",
                 describe(request.ask.range), describe(range));
  }
  std::uint32_t instead = 0;
  if (request.ask.fixed || !call.quiet || !call.settled || has_unmapped_slots(scene)) return;
  if (scene.space.may_place(request.count, range.first, instead)) return;
  scene.accuse(VerdictKind::difference,
               "memory comes from the smallest run that is long enough, the last to change",
               fmt::format("{}", describe(SlotRange{instead, request.count})), describe(range));
}

/// I16
void judge_overlap(const ArenaScene& scene, SlotRange range) {
  for (std::uint64_t i = range.first; i < range.end(); ++i) {
    const auto slot = static_cast<std::uint32_t>(i);
    const model::StateSet known = scene.shadow.slot(slot).states;
    if (known.any_of(model::kFree)) continue;
    scene.accuse(VerdictKind::overlap, "memory that is handed out was free",
                 fmt::format("slot {} free", slot), known.text());
  }
}

void judge_zeroed(const ArenaScene& scene, SlotRange range) {
  const std::size_t bytes = scene.geometry().page_bytes();
  for (std::uint64_t i = range.first; i < range.end(); ++i) {
    model::LeafView leaf;
    if (!scene.leaf(static_cast<std::uint32_t>(i), leaf) || leaf.scratch) continue;
    const auto dirty = model::find_nonzero(scene.inspector().address(leaf.page), bytes);
    if (!dirty) continue;
    scene.accuse(VerdictKind::zero, "memory that an arena hands out is zeroed",
                 fmt::format("slot {} zero", i), fmt::format("not zero at byte {}", *dirty));
  }
}

}  // namespace

void judge_allocation(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                      const ArenaRequest& request, std::uint64_t pointer, SlotRange& range) {
  range = {};
  if (pointer == 0) {
    judge_null(scene, call, request);
    if (call.causes != 0)
      scene.space.forget_order();  // it may have taken slots, and given them back
    look.look(leftovers(scene, call, request));
    return;
  }
  if (!is_legal(request)) {
    scene.accuse(VerdictKind::error_code, "a request that makes no sense is refused",
                 "null: " + text_of(request), fmt::format("{:#x}", pointer));
  }
  range = slots_of(scene, request, pointer);
  if (!call.alone) {
    scene.shadow.widen(range, {SlotState::allocated});
    scene.space.forget_order();  // in which runs changed meanwhile
    scene.shadow.forget_words(range);
    look.look();
    return;
  }
  judge_place(scene, call, request, range);
  judge_overlap(scene, range);
  scene.shadow.allocated(range);
  scene.space.take(range);
  look.look();
  if (call.settled) judge_zeroed(scene, range);
}

}  // namespace anyctx::target
