#include "fuzzers/targets/page_rest_oracles.h"

#include <fmt/format.h>

namespace anyctx::target {
namespace {

using inject::VerdictKind;

VerdictKind kind_of(model::Fault fault) {
  switch (fault) {
    case model::Fault::overlap:
      return VerdictKind::overlap;
    case model::Fault::conservation:
      return VerdictKind::conservation;
    case model::Fault::structure:
      return VerdictKind::structure;
    case model::Fault::counter:
      return VerdictKind::counter;
    case model::Fault::refcount:
      return VerdictKind::refcount;
  }
  return VerdictKind::structure;
}

std::string describe(const model::Watermarks& marks) {
  return fmt::format("MIN {}, LOW {}, HIGH {}", marks.min, marks.low, marks.high);
}

}  // namespace

void PageRestOracles::judge_layout() {
  const PageInspector& inspector = scene_.inspector();
  Pfn end = 0;
  for (unsigned index = 0; index < inspector.zone_count(); ++index) {
    const model::ZoneView zone = inspector.zone(index);
    if (zone.start != end || zone.end <= zone.start) {
      scene_.accuse(VerdictKind::structure, "zones follow one another without a gap",
                    fmt::format("zone {} from page {}", index, end),
                    fmt::format("from page {} to {}", zone.start, zone.end));
    }
    end = zone.end;
    const model::Watermarks marks = scene_.limits.marks(zone);
    if (marks == zone.marks) continue;
    scene_.accuse(VerdictKind::difference, "the watermarks of a zone follow from its size",
                  fmt::format("zone {}: {}", index, describe(marks)), describe(zone.marks));
  }
  if (end == inspector.page_count()) return;
  scene_.accuse(VerdictKind::structure, "all memory is in a zone",
                fmt::format("{} pages", inspector.page_count()), fmt::format("{}", end));
}

void PageRestOracles::take_snapshot() {
  const PageInspector& inspector = scene_.inspector();
  snapshot_.cpus = scene_.cpus();
  snapshot_.pageblock_order = inspector.pageblock_order();
  snapshot_.leaked = inspector.totals().leaked;
  snapshot_.zones.clear();
  snapshot_.counters.clear();
  snapshot_.pcp.clear();
  for (unsigned zone = 0; zone < scene_.limits.zones(); ++zone) {
    snapshot_.zones.push_back(scene_.limits.zone(zone));
    snapshot_.counters.push_back(inspector.counters(zone));
    for (unsigned cpu = 0; cpu < snapshot_.cpus; ++cpu) {
      snapshot_.pcp.push_back(inspector.pcp_pages(zone, cpu));
    }
  }
  inspector.list_blocks(snapshot_.blocks);
  inspector.list_pages(snapshot_.pages);
}

void PageRestOracles::judge_lists() {
  take_snapshot();
  model::MaybeFinding finding = audit_.run(snapshot_, scene_.owners);
  if (!finding) return;
  scene_.accuse(kind_of(finding->fault), finding->rule, std::move(finding->expected),
                std::move(finding->found));
}

void PageRestOracles::judge_accounts(const PageSubject::Accounts& accounts) {
  if (accounts.pages == 0 && accounts.payers == 0) return;
  scene_.accuse(VerdictKind::conservation, "when everything was given back, nobody pays for it",
                "0 pages, 0 payers",
                fmt::format("{} pages, {} payers", static_cast<std::int64_t>(accounts.pages),
                            accounts.payers));
}

void PageRestOracles::judge_empty(const PageOptions& options) {
  judge_lists();
  std::int64_t buddy = 0;
  std::int64_t held_back = 0;
  for (const model::FreeBlock& block : snapshot_.blocks) {
    if (block.place == model::Place::buddy) buddy += model::pages_of(block.order);
    if (block.place == model::Place::held_back) held_back += model::pages_of(block.order);
  }
  const std::int64_t all = scene_.inspector().page_count();
  if (held_back > options.unaccepted) {
    scene_.accuse(VerdictKind::conservation, "memory is held back only until it is accepted",
                  fmt::format("at most {} pages", options.unaccepted),
                  fmt::format("{}", held_back));
  }
  if (buddy + held_back == all) return;
  scene_.accuse(VerdictKind::conservation,
                "when everything was given back and drained, all memory is free",
                fmt::format("{} pages", all),
                fmt::format("{} on buddy lists, {} held back", buddy, held_back));
}

}  // namespace anyctx::target
