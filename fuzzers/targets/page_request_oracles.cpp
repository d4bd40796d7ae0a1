#include "fuzzers/targets/page_request_oracles.h"

#include <fmt/format.h>

#include "fuzzers/model/content.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using machine::Context;

/// Why the request has to fail whatever there is; empty if it need not.
std::string_view must_fail(PageScene& scene, const PageAsk& ask) {
  const model::PageRequest& limits = ask.limits;
  const inject::MachineConfig& config = scene.simulation().config();
  const Context context = scene.simulation().context();
  if (limits.order > model::kMaxOrder) return "a block larger than the largest is refused";
  if (!limits.nolock) return {};
  if (limits.order >= model::PageLimits::kNolockOrders) {
    return "a nolock request is for at most 8 pages";
  }
  if (config.rt && context >= Context::hardirq) {
    return "on RT, a nolock request fails in hard interrupt and NMI context";
  }
  if (!config.smp && context == Context::nmi) return "on UP, a nolock request fails in an NMI";
  if (scene.boot == PageScene::Boot::deferred) {
    return "a nolock request fails until deferred initialisation is over";
  }
  return {};
}

/// Whether a failure was injected into this operation; when in doubt, yes.
bool injected(PageScene& scene) {
  const inject::Causes& causes = scene.simulation().causes();
  if (causes.count() > causes.kept().size()) return true;
  for (const inject::Cause& cause : causes.kept()) {
    if (cause.injected) return true;
  }
  return false;
}

std::string describe(const PageAsk& ask) {
  return fmt::format("{}order {}", ask.limits.nolock ? "nolock, " : "", ask.limits.order);
}

/// Nobody was in the way and there is enough: judged by what is on the lists, not by the causes
/// that the allocator gave.
void judge_unreasonable_null(PageScene& scene, const PageAsk& ask) {
  std::array<std::int64_t, PageCall::kMostZones> boosts{};
  std::int64_t free = 0;
  for (unsigned zone = 0; zone < scene.limits.zones(); ++zone) {
    const model::ZoneCounters counters = scene.inspector().counters(zone);
    boosts[zone] = counters.boost;
    free += counters.free;
  }
  if (!scene.limits.must_succeed(ask.limits, scene.list_blocks(), boosts)) return;
  scene.accuse(VerdictKind::spurious_failure,
               "a request that nothing is in the way of, for what there is enough of, succeeds",
               "a block: " + describe(ask), fmt::format("null, with {} pages free", free));
}

void judge_failure_atomicity(PageScene& scene, const PageCall& call, const PageAsk& ask) {
  // What an ordinary request reclaims or brings into use may disappear in isolated pageblocks.
  if (!ask.limits.nolock && scene.isolation.any()) return;
  const bool reclaims = ask.limits.may_reclaim;
  const model::PageTotals& before = call.before;
  const model::PageTotals after = scene.inspector().totals();
  const auto settled = [&](const model::PageTotals& totals) {
    return totals.free + totals.pcp + (reclaims ? totals.parked : 0) +
           (ask.limits.nolock ? 0 : totals.held_back);
  };
  const bool same = settled(before) == settled(after) &&
                    (reclaims || before.parked == after.parked) &&
                    (!ask.limits.nolock || before.held_back == after.held_back);
  if (same) return;
  const auto text = [](const model::PageTotals& totals) {
    return fmt::format("{} free, {} on per-CPU lists, {} parked, {} held back", totals.free,
                       totals.pcp, totals.parked, totals.held_back);
  };
  scene.accuse(VerdictKind::failure_atomicity,
               "a request that fails changes nothing but what is cached", text(before),
               text(after));
}

void judge_zones(PageScene& scene, const PageAsk& ask, Pfn page) {
  const unsigned order = ask.limits.order;
  const Pfn last = page + model::pages_of(order) - 1;
  if (page % model::pages_of(order) != 0) {
    scene.accuse(VerdictKind::placement, "a block is aligned to its size",
                 fmt::format("a multiple of {}", model::pages_of(order)),
                 fmt::format("page {}", page));
  }
  const unsigned zone = scene.limits.zone_of(page);
  if (scene.limits.zone_of(last) != zone) {
    scene.accuse(VerdictKind::placement, "a block lies in one zone", fmt::format("zone {}", zone),
                 fmt::format("page {} is in zone {}", last, scene.limits.zone_of(last)));
  }
  if (ask.limits.only_low && scene.limits.has_low_memory() && !scene.limits.zone(zone).low) {
    scene.accuse(VerdictKind::placement, "a request for low memory gets low memory", "zone 0",
                 fmt::format("page {}, in zone {}", page, zone));
  }
}

void judge_node(PageScene& scene, const PageCall& call, const PageAsk& ask, Pfn page) {
  if (ask.this_cpu && !call.quiet) return;  // it may have migrated before it looked
  const unsigned zone = scene.limits.zone_of(page);
  const unsigned node = scene.limits.zone(zone).node;
  if (node == ask.node) return;
  if (ask.limits.only_node >= 0) {
    scene.accuse(VerdictKind::placement, "a request for one node gets its memory",
                 fmt::format("node {}", ask.node), fmt::format("page {}, on node {}", page, node));
  }
  // Nobody in the way, and plenty there: then the hint decides.
  if (!call.quiet || injected(scene) || ask.limits.only_low || ask.limits.order != 0) return;
  if (scene.inspector().reclaiming(ask.node)) return;
  for (unsigned other = 0; other < scene.limits.zones(); ++other) {
    const model::ZoneView& near = scene.limits.zone(other);
    if (near.node != ask.node || near.low) continue;
    const std::int64_t boost = scene.inspector().counters(other).boost;
    const std::int64_t available = call.free[other] - call.reserve[other];
    if (available <= scene.limits.marks(near).high + boost + 1) continue;
    scene.accuse(VerdictKind::placement,
                 "memory of the preferred node is used while there is plenty",
                 fmt::format("node {}, with {} pages", ask.node, available),
                 fmt::format("page {}, on node {}", page, node));
  }
}

/// The allocator must not have gone below the watermark that the request allows.
void judge_reserves(PageScene& scene, const PageCall& call, const PageAsk& ask, Pfn page) {
  const model::PageRequest& limits = ask.limits;
  const bool atomic = !limits.nolock && !limits.may_reclaim && !limits.nomemalloc;
  // Others may have taken pages since. Requests with `high` are what some reserves are there for.
  if (!call.quiet || (!limits.nolock && limits.high)) return;
  const unsigned zone = scene.limits.zone_of(page);
  std::int64_t had = call.free[zone] - (atomic ? 0 : call.reserve[zone]);
  if (!limits.nolock) had += call.before.held_back;
  if (limits.may_reclaim) had += call.before.pcp + call.before.parked + call.reserve[zone];
  const std::int64_t floor = scene.limits.floor(limits, zone);
  if (had > floor) return;
  scene.accuse(VerdictKind::placement, "a request leaves the reserves of a zone alone",
               fmt::format("more than {} pages in zone {} before it", floor, zone),
               fmt::format("page {} handed out, of {}", page, had));
}

void judge_descriptor(PageScene& scene, const PageAsk& ask, Pfn page) {
  const model::PageView view = scene.inspector().page(page);
  if (view.references != 1) {
    scene.accuse(VerdictKind::refcount, "a block is handed out with one reference",
                 fmt::format("page {}: 1", page), fmt::format("{}", view.references));
  }
  const unsigned compound = ask.compound ? ask.limits.order : 0;
  if (view.compound_order != compound) {
    scene.accuse(VerdictKind::difference, "a block is compound if that was asked for",
                 fmt::format("page {}: compound order {}", page, compound),
                 fmt::format("{}", view.compound_order));
  }
}

void judge_zeroed(PageScene& scene, const PageAsk& ask, Pfn page) {
  if (!ask.zeroed) return;
  const std::byte* contents = scene.inspector().address(page);
  const auto other = model::find_nonzero(contents, scene.bytes(ask.limits.order));
  if (!other) return;
  scene.accuse(VerdictKind::zero, "a block is zeroed where that was asked for or promised",
               fmt::format("page {}, {}: all bytes zero", page, describe(ask)),
               fmt::format("byte {} is {:#04x}", *other, std::to_integer<int>(contents[*other])));
}

void judge_isolation(PageScene& scene, const PageAsk& ask, Pfn page) {
  // Where a block of a per-CPU list can reach across pageblocks, it may be of one that is not.
  if (!scene.isolation.any() || scene.inspector().pageblock_order() < 3) return;
  for (Pfn part = page; part < page + model::pages_of(ask.limits.order); ++part) {
    if (!scene.isolation.sealed(part)) continue;
    scene.accuse(VerdictKind::placement,
                 "nothing is handed out from a pageblock that was isolated and drained",
                 fmt::format("page {} kept back", part),
                 fmt::format("in the block of page {}", page));
  }
}

}  // namespace

void judge_null(PageScene& scene, const PageCall& call, const PageAsk& ask) {
  if (scene.simulation().causes().count() == 0) {
    scene.accuse(VerdictKind::spurious_failure, "a request that fails has a cause",
                 "a failed trylock, or a limit: " + describe(ask), "null, and nothing failed");
  }
  if (!call.quiet) return;
  if (must_fail(scene, ask).empty() && !injected(scene)) judge_unreasonable_null(scene, ask);
  judge_failure_atomicity(scene, call, ask);
}

void judge_block(PageScene& scene, const PageCall& call, const PageAsk& ask, Pfn page,
                 std::uint32_t mark) {
  if (const std::string_view rule = must_fail(scene, ask); !rule.empty()) {
    scene.accuse(VerdictKind::error_code, rule, "null", describe(ask) + ": a block");
  }
  if (const auto taken = scene.owners.acquire(page, ask.limits.order, ask.compound, mark)) {
    const bool exists = *taken < scene.owners.pages();
    scene.accuse(VerdictKind::overlap, "pages that are handed out exist and are not in use",
                 fmt::format("{} free pages from page {}", model::pages_of(ask.limits.order), page),
                 exists ? fmt::format("page {} is in use, in the block of page {}", *taken,
                                      scene.owners.head(*taken))
                        : fmt::format("memory ends before page {}", *taken));
  }
  judge_zones(scene, ask, page);
  judge_node(scene, call, ask, page);
  judge_reserves(scene, call, ask, page);
  judge_isolation(scene, ask, page);
  judge_descriptor(scene, ask, page);
  judge_zeroed(scene, ask, page);
}

}  // namespace anyctx::target
