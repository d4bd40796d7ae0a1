#include "fuzzers/targets/page_call_oracles.h"

#include <fmt/format.h>

#include "fuzzers/model/content.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using State = model::PageIsolation::State;

/// A pageblock that is cut off by the end of its zone cannot be isolated.
bool is_whole(const PageScene& scene, std::uint32_t pageblock) {
  const Pfn first = scene.isolation.first_page(pageblock);
  const Pfn end = first + model::pages_of(scene.inspector().pageblock_order());
  const model::ZoneView& zone = scene.limits.zone(scene.limits.zone_of(first));
  return first >= zone.start && end <= zone.end;
}

}  // namespace

void judge_sum(PageScene& scene, const PageCall& call) {
  if (!call.quiet || scene.isolation.any()) return;
  const model::PageTotals totals = scene.inspector().totals();
  const std::int64_t found = totals.sum() + scene.owners.pages_in_use();
  if (found == scene.inspector().page_count()) return;
  scene.accuse(VerdictKind::conservation, "every page is in use or free, and in one place",
               fmt::format("{} pages", scene.inspector().page_count()),
               fmt::format("{} in use, {} free, {} on per-CPU lists, {} parked, {} held back, {} "
                           "given up: {}",
                           scene.owners.pages_in_use(), totals.free, totals.pcp, totals.parked,
                           totals.held_back, totals.leaked, found));
}

void judge_nolock(PageScene& scene, const PageCall& call, std::uint32_t most_steps) {
  if (!call.quiet) return;
  if (call.steps > most_steps) {
    scene.accuse(VerdictKind::no_progress,
                 "a nolock call takes a bounded number of own steps, whatever it finds",
                 fmt::format("at most {}", most_steps), fmt::format("{}", call.steps));
  }
  const model::PageTotals after = scene.inspector().totals();
  if (after.held_back != call.before.held_back) {
    scene.accuse(VerdictKind::forbidden_action, "a nolock call brings no new memory into use",
                 fmt::format("{} pages held back", call.before.held_back),
                 fmt::format("{}", after.held_back));
  }
  if (after.parked < call.before.parked) {
    scene.accuse(VerdictKind::forbidden_action, "a nolock call leaves parked pages to others",
                 fmt::format("{} pages parked", call.before.parked),
                 fmt::format("{}", after.parked));
  }
}

void judge_contents(PageScene& scene, Pfn page) {
  const model::UsedBlock& block = scene.owners.block(page);
  const model::BlockMemory memory = scene.memory(page);
  const auto changed = model::find_changed(memory, block.mark);
  if (!changed) return;
  scene.accuse(VerdictKind::content, "nobody but its user writes to a block that is in use",
               fmt::format("page {}, order {}: byte {} is {:#04x}", page, block.order, *changed,
                           model::content_byte(*changed, block.mark)),
               fmt::format("{:#04x}", std::to_integer<int>(memory.start[*changed])));
}

void judge_references(PageScene& scene, const PageCall& call, Pfn page) {
  if (!call.quiet) return;
  const int expected = scene.owners.in_use(page) ? scene.owners.block(page).references : 0;
  const int found = scene.inspector().page(page).references;
  if (found == expected) return;
  scene.accuse(VerdictKind::refcount, "a page has as many references as were taken and not dropped",
               fmt::format("page {}: {}", page, expected), fmt::format("{}", found));
}

void judge_drained_pcp(PageScene& scene, const PageCall& call, unsigned cpu) {
  if (!call.quiet) return;
  for (unsigned zone = 0; zone < scene.limits.zones(); ++zone) {
    const std::int64_t left = scene.inspector().pcp_pages(zone, cpu);
    if (left == 0) continue;
    scene.accuse(VerdictKind::difference, "a drain empties the lists of the CPU",
                 fmt::format("zone {} cpu{}: no pages", zone, cpu), fmt::format("{}", left));
  }
  scene.isolation.drained(cpu);
}

void judge_trimmed_pcp(PageScene& scene, const PageCall& call) {
  if (!call.quiet) return;
  for (unsigned zone = 0; zone < scene.limits.zones(); ++zone) {
    const std::int64_t left = scene.inspector().pcp_pages(zone, call.cpu);
    const std::int64_t limit = scene.inspector().pcp_limit(zone, call.cpu);
    if (left <= limit) continue;
    scene.accuse(VerdictKind::difference, "per-CPU lists are within their limit once trimmed",
                 fmt::format("zone {} cpu{}: at most {} pages", zone, call.cpu, limit),
                 fmt::format("{}", left));
  }
}

void judge_drained_parked(PageScene& scene, const PageCall& call, std::size_t reported) {
  if (!call.quiet) return;
  const std::int64_t left = scene.inspector().totals().parked;
  if (left == 0 && static_cast<std::int64_t>(reported) == call.before.parked) return;
  scene.accuse(VerdictKind::difference, "a drain merges all parked pages, and says how many",
               fmt::format("{} pages drained", call.before.parked),
               fmt::format("{} reported, {} still parked", reported, left));
}

void judge_balanced(PageScene& scene, const PageCall& call, unsigned node, bool reported) {
  if (!call.quiet) return;
  bool balanced = false;
  for (unsigned zone = 0; zone < scene.limits.zones(); ++zone) {
    if (scene.limits.zone(zone).node != node) continue;
    const model::ZoneCounters counters = scene.inspector().counters(zone);
    balanced = balanced || scene.limits.balanced(zone, counters);
    for (unsigned cpu = 0; cpu < scene.cpus(); ++cpu) {
      if (scene.inspector().pcp_pages(zone, cpu) == 0) continue;
      scene.accuse(VerdictKind::difference, "background reclaim collects what is cached",
                   fmt::format("zone {} cpu{}: no pages", zone, cpu),
                   fmt::format("{}", scene.inspector().pcp_pages(zone, cpu)));
    }
  }
  if (balanced == reported) return;
  scene.accuse(VerdictKind::difference,
               "background reclaim is done when a zone of the node is above HIGH",
               balanced ? "done" : "not done", reported ? "done" : "not done");
}

void judge_isolation(PageScene& scene, const PageCall& call, std::uint32_t pageblock, bool wanted,
                     bool reported) {
  const State before = scene.isolation.state(pageblock);
  if (call.quiet && before != State::unknown) {
    const bool expected = is_whole(scene, pageblock) && (before == State::isolated) != wanted;
    if (reported != expected) {
      scene.accuse(VerdictKind::difference,
                   "a whole pageblock can be isolated once, and that be undone once",
                   expected ? "done" : "refused", reported ? "done" : "refused");
    }
  }
  if (reported || !call.quiet) {
    scene.isolation.set(pageblock, wanted ? State::isolated : State::in_use, call.quiet);
  }
}

void judge_double_free(PageScene& scene, Pfn page, bool reported) {
  if (reported) return;
  scene.accuse(VerdictKind::double_free, "a double free is reported",
               fmt::format("a report about page {}", page), "none");
}

}  // namespace anyctx::target
