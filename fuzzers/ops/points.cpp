#include "fuzzers/ops/points.h"

#include <fmt/format.h>

namespace anyctx::program {
namespace {

using machine::kVerbsPerSite;
using machine::PointId;
using machine::Site;
using machine::SiteInfo;
using machine::SiteKind;
using machine::Verb;

constexpr Site site_of(PointId point) {
  return Site{static_cast<std::uint8_t>(point / kVerbsPerSite)};
}

constexpr unsigned verb_of(PointId point) {
  return point % kVerbsPerSite;
}

constexpr bool has_nameless_verb(SiteKind kind) {
  return kind == SiteKind::limit || kind == SiteKind::probe;
}

/// Calls `visit` with each site until it returns true; that site, or null.
template <class Visit>
const SiteInfo* first_site(const Schema& schema, Visit visit) {
  for (const SiteInfo& info : machine::kOperationTable)
    if (visit(info)) return &info;
  for (const auto& table : schema.sites)
    for (const SiteInfo& info : table)
      if (info.site != machine::site_op && visit(info)) return &info;
  return nullptr;
}

std::optional<unsigned> verb_of_name(SiteKind kind, std::string_view name) {
  for (unsigned verb = 0; verb < kVerbsPerSite; ++verb)
    if (!name.empty() && machine::verb_name(kind, verb) == name) return verb;
  return std::nullopt;
}

}  // namespace

const SiteInfo* find_site(const Schema& schema, Site site) {
  return first_site(schema, [&](const SiteInfo& info) { return info.site == site; });
}

bool is_point(const Schema& schema, PointId point) {
  if (point >= machine::kMaxPoints) return false;
  const SiteInfo* info = find_site(schema, site_of(point));
  if (info == nullptr) return false;
  if (has_nameless_verb(info->kind)) return verb_of(point) == 0;
  return !machine::verb_name(info->kind, verb_of(point)).empty();
}

bool can_fail(const Schema& schema, PointId point) {
  const SiteInfo* info = find_site(schema, site_of(point));
  return info != nullptr && machine::may_fail(info->kind, verb_of(point));
}

bool can_delay(const Schema& schema, PointId point) {
  const SiteInfo* info = find_site(schema, site_of(point));
  return info != nullptr && (info->kind == SiteKind::irq_work || info->kind == SiteKind::worker) &&
         verb_of(point) == static_cast<unsigned>(Verb::raise);
}

bool has_workers(const Schema& schema) {
  return first_site(schema, [](const SiteInfo& info) { return info.kind == SiteKind::worker; }) !=
         nullptr;
}

std::string point_name(const Schema& schema, PointId point) {
  const SiteInfo* info = find_site(schema, site_of(point));
  if (info == nullptr) return fmt::format("point{}", point);
  if (has_nameless_verb(info->kind)) return std::string(info->name);
  return fmt::format("{}.{}", info->name, machine::verb_name(info->kind, verb_of(point)));
}

std::optional<PointId> find_point(const Schema& schema, std::string_view name) {
  unsigned verb = 0;
  const SiteInfo* found = first_site(schema, [&](const SiteInfo& info) {
    if (!name.starts_with(info.name)) return false;
    const std::string_view rest = name.substr(info.name.size());
    if (has_nameless_verb(info.kind)) return rest.empty();
    const auto named =
        rest.starts_with('.') ? verb_of_name(info.kind, rest.substr(1)) : std::optional<unsigned>();
    verb = named.value_or(0);
    return named.has_value();
  });
  if (found == nullptr) return std::nullopt;
  return static_cast<PointId>(found->site.id * kVerbsPerSite + verb);
}

std::vector<PointId> listed_points(const Schema& schema) {
  std::vector<PointId> points;
  first_site(schema, [&](const SiteInfo& info) {
    for (unsigned verb = 0; verb < kVerbsPerSite; ++verb)
      if ((info.verbs >> verb & 1u) != 0)
        points.push_back(static_cast<PointId>(info.site.id * kVerbsPerSite + verb));
    return false;
  });
  return points;
}

}  // namespace anyctx::program
