#include "fuzzers/targets/arena_look.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace anyctx::target {

using inject::VerdictKind;
using model::LeafView;
using model::SlotRange;
using model::SlotState;
using model::StateSet;

void ArenaLook::reset(const ArenaStock& others) {
  others_ = others;
  if (looking_) {
    pages_.assign(pages_.size(), kNoArenaPage);
    references_.assign(references_.size(), 0);
  }
  looking_ = false;
  pending_ = {};
}

void ArenaLook::look(const ArenaAllowance& allowance) {
  if (!scene_.exists()) return;
  pending_.add(allowance);
  scene_.stale = true;
  if (!scene_.inspector().lock_is_free(0)) return;
  looking_ = true;
  take_snapshot();
  check_tree();
  check_leaves();
  if (scene_.calls() == 0) check_slots();
  for (const LeafView& leaf : found_.leaves) {
    if (!leaf.scratch) pages_[slot_of(leaf.kernel_page)] = kNoArenaPage;
  }
  looking_ = false;
}

void ArenaLook::take_snapshot() {
  const ArenaInspector& inspector = scene_.inspector();
  geometry_ = inspector.geometry(0);
  inspector.free_runs(0, found_.runs);
  inspector.leaves(0, found_.leaves);
  found_.tree_fault = inspector.tree_fault(0);
  found_.counter = inspector.counter(0);
  if (pages_.size() <= scene_.shadow.size()) pages_.resize(scene_.shadow.size() + 1, kNoArenaPage);
}

std::uint32_t ArenaLook::slot_of(std::int64_t kernel_page) const {
  const std::uint32_t none = scene_.shadow.size();
  if (kernel_page < 0 || !geometry_.is_placed()) return none;
  const auto address = static_cast<std::uint64_t>(kernel_page) << geometry_.page_shift;
  if (address >= model::ArenaGeometry::kWindow) return none;
  const std::uint32_t slot = geometry_.slot(address);
  return slot < none ? slot : none;
}

/// I2
void ArenaLook::check_tree() const {
  if (!found_.tree_fault.empty()) {
    scene_.accuse(VerdictKind::structure, "the tree of free slots is well formed", "nothing wrong",
                  std::string(found_.tree_fault));
  }
  std::uint64_t end = 0;
  for (const SlotRange& run : found_.runs) {
    if (!run.empty() && (end == 0 || run.first > end) && run.end() <= geometry_.max_entries) {
      end = run.end();
      continue;
    }
    scene_.accuse(VerdictKind::structure,
                  "runs of free slots are in order, apart, and within the arena",
                  fmt::format("within {} and {}", end, geometry_.max_entries), describe(run));
  }
}

/// I3, I10 and half of I1. Leaves pages_ filled.
void ArenaLook::check_leaves() {
  std::uint64_t count = 0;
  const std::uint32_t none = scene_.shadow.size();
  for (const LeafView& leaf : found_.leaves) {
    if (leaf.scratch) continue;
    ++count;
    const std::uint32_t slot = slot_of(leaf.kernel_page);
    if (slot == none) {
      scene_.accuse(VerdictKind::structure, "pages are mapped at the arena's slots only", "no page",
                    fmt::format("a page at page {} of the kernel's mapping", leaf.kernel_page));
    }
    pages_[slot] = leaf.page;
    if (is_free(slot)) {
      scene_.accuse(VerdictKind::overlap, "a slot that has a page cannot be handed out again",
                    fmt::format("slot {} not free in the tree", slot), "free");
    }
  }
  if (count != found_.counter) {
    scene_.accuse(VerdictKind::counter, "the arena counts the pages that are mapped",
                  fmt::format("{}", count), fmt::format("{}", found_.counter));
  }
}

bool ArenaLook::is_free(std::uint32_t slot) const {
  const auto behind = std::ranges::partition_point(
      found_.runs, [=](const SlotRange& run) { return run.end() <= slot; });
  return behind != found_.runs.end() && behind->first <= slot;
}

/// I1, I15, I17, I18: every slot is what the calls can have made of it.
void ArenaLook::check_slots() {
  model::ArenaShadow& shadow = scene_.shadow;
  if (scene_.doomed && scene_.is_settled()) {
    shadow.all_arrived();
    scene_.doomed = false;
    scene_.space.forget_order();
  }
  expect_withheld_slots();
  list_found_slots();
  for (const FoundSlots& found : found_slots_) check_found(found);
  pending_ = {};
  scene_.stale = false;
  scene_.space.observe(found_.runs);
  check_translations();
  check_caches();
  check_charge();
  check_ptes();
  check_references();
}

/// A free that covers free slots, too, may keep them from others until it is over: also one that
/// nobody asked for, of an allocation that failed.
void ArenaLook::expect_withheld_slots() {
  scene_.inspector().spans(0, spans_);
  for (const SlotRange& span : spans_) {
    scene_.shadow.each(span, [&](SlotRange, model::ShadowSlot& known) {
      if (!known.states.has(SlotState::free)) return;
      known.states = known.states | model::kGoing;
      known.doomed = scene_.doomed = true;
    });
  }
}

/// All slots, those alike together: a page is for itself.
void ArenaLook::list_found_slots() {
  found_slots_.clear();
  mapped_.clear();
  for (const LeafView& leaf : found_.leaves) {
    if (!leaf.scratch) mapped_.push_back(slot_of(leaf.kernel_page));
  }
  std::ranges::sort(mapped_);
  const std::uint32_t size = scene_.shadow.size();
  auto page = mapped_.begin();
  auto run = found_.runs.begin();
  for (std::uint32_t slot = 0; slot < size;) {
    while (run != found_.runs.end() && run->end() <= slot) ++run;
    const bool free = run != found_.runs.end() && run->first <= slot;
    const bool has_page = page != mapped_.end() && *page == slot;
    std::uint64_t end = has_page ? slot + 1 : size;
    if (!has_page && page != mapped_.end()) end = std::min<std::uint64_t>(end, *page);
    if (run != found_.runs.end())
      end = std::min<std::uint64_t>(end, free ? run->end() : run->first);
    if (slot < geometry_.max_entries) end = std::min<std::uint64_t>(end, geometry_.max_entries);
    if (has_page) ++page;
    found_slots_.push_back({{slot, static_cast<std::uint32_t>(end - slot)}, free, pages_[slot]});
    slot = static_cast<std::uint32_t>(end);
  }
}

void ArenaLook::check_found(const FoundSlots& found) {
  const bool has_page = found.page != kNoArenaPage;
  // What is mapped beyond the arena's size is never free in the tree.
  const bool beyond = found.range.first >= geometry_.max_entries;
  const StateSet states = beyond && !has_page ? model::kFree | model::kWithoutPage
                                              : model::meaning(found.free, has_page);
  scene_.shadow.each(found.range, [&](SlotRange part, model::ShadowSlot& known) {
    check_part(part, known, states, found.page);
    model::ArenaShadow::observe(known, states, found.page);
  });
}

void ArenaLook::check_part(SlotRange part, model::ShadowSlot& known, StateSet found,
                           ArenaPage page) {
  const bool has_page = page != kNoArenaPage;
  // What failed meanwhile may have taken any slot that was free, and be on its way to undo it.
  if (known.states.has(SlotState::free) && !found.has(SlotState::free)) {
    if (pending_.queued) {
      known.states = known.states | model::kGoing;
      known.doomed = scene_.doomed = true;
    }
    if (pending_.stranded) known.states = known.states | StateSet{SlotState::lost_page};
    if (pending_.lost || scene_.inspector().has_lost_slots())
      known.states = known.states | StateSet{SlotState::lost_slot};
  }
  if (!known.states.any_of(found)) accuse_slot(part.first, has_page);
  const bool moved = has_page && known.page != kNoArenaPage && known.page != page;
  if (!moved || known.doomed || !known.written) return;
  scene_.accuse(VerdictKind::overlap, "a slot keeps its page until it is freed",
                fmt::format("page frame {} in slot {}", known.page, part.first),
                fmt::format("page frame {}", page));
}

void ArenaLook::accuse_slot(std::uint32_t slot, bool has_page) const {
  const StateSet known = scene_.shadow.slot(slot).states;
  std::string expected = fmt::format("slot {} {}", slot, known.text());
  std::string found =
      has_page ? "has a page" : (is_free(slot) ? "free, without a page" : "not free, no page");
  if (known.only(model::kWithPage)) {
    scene_.accuse(VerdictKind::use_after_free, "memory is not taken from who did not free it",
                  std::move(expected), std::move(found));
  }
  if (pending_.failed && pending_.all_failed) {
    scene_.accuse(VerdictKind::failure_atomicity, "a call that fails leaves slots as they were",
                  std::move(expected), std::move(found));
  }
  if (known.only(model::kFree | model::kWithPage)) {
    scene_.accuse(VerdictKind::conservation,
                  "a slot that nobody uses can be allocated and has no page", std::move(expected),
                  std::move(found));
  }
  scene_.accuse(has_page ? VerdictKind::overlap : VerdictKind::conservation,
                "what is reserved stays reserved until it is freed", std::move(expected),
                std::move(found));
}

/// I6: no CPU remembers something else than what is mapped.
void ArenaLook::check_translations() {
  scene_.inspector().tlb(0, tlb_);
  for (const model::TlbView& entry : tlb_) {
    const std::uint32_t slot = slot_of(entry.kernel_page);
    if (is_going(slot)) continue;
    if (entry.scratch && !scene_.strictness().scratch_is_flushed) continue;
    LeafView leaf;
    const bool mapped = scene_.inspector().leaf(0, entry.kernel_page, leaf);
    if (mapped && leaf.scratch == entry.scratch && leaf.page == entry.page) continue;
    scene_.accuse(VerdictKind::stale_translation,
                  "once a call is over, no CPU remembers a mapping that it removed",
                  fmt::format("CPU {} does not know slot {}", entry.cpu, slot),
                  entry.scratch ? "leads to the scratch page"
                                : fmt::format("leads to page frame {}", entry.page));
  }
}

/// I7: the same for processes.
void ArenaLook::check_ptes() {
  scene_.inspector().user_ptes(0, ptes_);
  for (const model::UserPteView& pte : ptes_) {
    const std::uint32_t slot = geometry_.slot(pte.address);
    if (is_going(slot)) continue;
    const ArenaPage page = slot < scene_.shadow.size() ? pages_[slot] : kNoArenaPage;
    if (pte.page == page) continue;
    scene_.accuse(VerdictKind::stale_translation,
                  "once a call is over, no process maps a page that it freed",
                  fmt::format("process {} does not map slot {}", pte.process, slot),
                  fmt::format("maps page frame {}", pte.page));
  }
}

/// Half of I16: who finds a page by an address finds it in every cache.
void ArenaLook::check_caches() const {
  for (const LeafView& leaf : found_.leaves) {
    if (!leaf.unsynced) continue;
    scene_.accuse(VerdictKind::stale_translation, "once a call is over, caches know what it mapped",
                  fmt::format("page {} of the kernel's mapping known", leaf.kernel_page),
                  "not flushed since it was mapped");
  }
}

/// I11. What is charged and nobody's is still allocated, or it is only the charge that stayed.
void ArenaLook::check_charge() const {
  if (!scene_.is_at_rest()) return;
  const ArenaStock owned = scene_.inspector().owned();
  const std::int64_t charged = scene_.inspector().charged();
  if (charged == owned.charge) return;
  const ArenaStock stock = scene_.inspector().stock();
  const std::int64_t objects = stock.objects - others_.objects;
  const std::int64_t pages = stock.pages - others_.pages;
  if (objects > owned.objects || pages > owned.pages) {
    const auto text = [](std::int64_t o, std::int64_t p) {
      return fmt::format("{} objects, {} pages", o, p);
    };
    scene_.accuse(VerdictKind::conservation, "what is in use belongs to an arena",
                  text(owned.objects, owned.pages), text(objects, pages));
  }
  scene_.accuse(VerdictKind::counter, "what arenas have is charged, and nothing else",
                fmt::format("{} bytes", owned.charge), fmt::format("{} bytes", charged));
}

/// I4: the arena has one reference of each page, every process that maps it another one.
void ArenaLook::check_references() {
  for (const model::UserPteView& pte : ptes_) {
    if (pte.page >= references_.size()) references_.resize(pte.page + 1);
    ++references_[pte.page];
  }
  for (const LeafView& leaf : found_.leaves) {
    if (leaf.scratch || is_going(slot_of(leaf.kernel_page))) continue;
    const std::int32_t users =
        leaf.page < references_.size() ? std::int32_t{references_[leaf.page]} : 0;
    const model::ArenaPageView page = scene_.inspector().page(leaf.page);
    if (!page.free && page.references == users + 1) continue;
    if (page.free) {
      scene_.accuse(VerdictKind::use_after_free, "a page that is mapped is not free",
                    fmt::format("the page in slot {} in use", slot_of(leaf.kernel_page)), "free");
    }
    scene_.accuse(
        VerdictKind::refcount, "arena and processes have one reference each of a page",
        fmt::format("{} references of the page in slot {}", users + 1, slot_of(leaf.kernel_page)),
        fmt::format("{}", page.references));
  }
  for (const model::UserPteView& pte : ptes_) references_[pte.page] = 0;
}

}  // namespace anyctx::target
