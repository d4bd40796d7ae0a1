#include "fuzzers/targets/arena_page_watch.h"

#include <fmt/format.h>

namespace anyctx::target {

using inject::VerdictKind;

void ArenaPageWatch::page_freed(ArenaPage page) {
  if (suspended_) return;
  for (unsigned arena = 0; arena < exists_.size(); ++arena) {
    if (exists_[arena]) check(arena, page);
  }
}

void ArenaPageWatch::check(unsigned arena, ArenaPage page) {
  const ArenaInspector& inspector = scene_.inspector();
  const auto expected = [=] { return fmt::format("nothing leads to page frame {}", page); };
  // Where there are many, it would cost the square of their number; that a mapped page is free
  // shows when the call is over.
  leaves_.clear();
  if (inspector.counter(arena) <= kMostLeaves) inspector.leaves(arena, leaves_);
  for (const model::LeafView& leaf : leaves_) {
    if (leaf.page != page) continue;
    scene_.accuse(VerdictKind::use_after_free, "a page is freed after it was unmapped", expected(),
                  fmt::format("mapped at page {} of the kernel's mapping", leaf.kernel_page));
  }
  inspector.tlb(arena, tlb_);
  for (const model::TlbView& entry : tlb_) {
    if (entry.page != page) continue;
    scene_.accuse(VerdictKind::stale_translation,
                  "a page is freed after every CPU forgot where it was mapped", expected(),
                  fmt::format("CPU {} remembers it", entry.cpu));
  }
  inspector.user_ptes(arena, ptes_);
  for (const model::UserPteView& pte : ptes_) {
    if (pte.page != page) continue;
    scene_.accuse(VerdictKind::stale_translation, "a page is freed after no process maps it",
                  expected(), fmt::format("process {} maps it", pte.process));
  }
}

}  // namespace anyctx::target
