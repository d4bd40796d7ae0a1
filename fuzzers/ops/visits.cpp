#include "fuzzers/ops/visits.h"

#include <algorithm>
#include <array>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/lanes.h"

namespace anyctx::program {
namespace {

const VisitedPoint& any_of(std::span<const VisitedPoint> visited, inject::Rng& rng) {
  return visited[rng.below(static_cast<std::uint32_t>(visited.size()))];
}

/// One of those that `fits`; null if there are none.
template <class Fits>
const VisitedPoint* choose_fitting(std::span<const VisitedPoint> visited, Fits fits,
                                   inject::Rng& rng) {
  const auto count = static_cast<std::uint32_t>(std::ranges::count_if(visited, fits));
  if (count == 0) return nullptr;
  std::uint32_t skip = rng.below(count);
  for (const VisitedPoint& visit : visited) {
    if (fits(visit) && skip-- == 0) return &visit;
  }
  return nullptr;
}

std::optional<inject::Decision> decision_at(Mutation& m, const VisitedPoint& visit) {
  inject::Decision decision;
  decision.where = visit.where;
  decision.point = visit.point;
  const std::uint32_t most = std::clamp<std::uint32_t>(visit.count, 1, 65535);
  decision.occurrence = m.rng.chance(1, 2) ? choose_occurrence(most, m.rng)
                                           : static_cast<std::uint16_t>(1 + m.rng.below(most));
  if (!place_problem(m.schema, m.program, decision).empty()) return std::nullopt;
  return decision;
}

/// One of the points that were visited, each as likely; none if all that is known is stale.
std::optional<machine::PointId> choose_point(std::span<const VisitedPoint> visited,
                                             inject::Rng& rng) {
  std::array<bool, machine::kMaxPoints> seen{};
  for (const VisitedPoint& visit : visited) {
    if (visit.point < seen.size()) seen[visit.point] = true;
  }
  const auto count = static_cast<std::uint32_t>(std::ranges::count(seen, true));
  if (count == 0) return std::nullopt;
  std::uint32_t skip = rng.below(count);
  for (std::size_t point = 0; point < seen.size(); ++point) {
    if (seen[point] && skip-- == 0) return static_cast<machine::PointId>(point);
  }
  return std::nullopt;
}

}  // namespace

std::optional<inject::Decision> choose_visit(Mutation& m) {
  const std::span<const VisitedPoint> visited = m.hints.visited;
  if (visited.empty()) return std::nullopt;
  if (m.rng.chance(1, 2)) return decision_at(m, any_of(visited, m.rng));
  const auto point = choose_point(visited, m.rng);
  if (!point) return std::nullopt;
  const auto is_there = [&](const VisitedPoint& visit) { return visit.point == *point; };
  return decision_at(m, *choose_fitting(visited, is_there, m.rng));
}

std::optional<inject::Decision> choose_visit_beside(Mutation& m, const inject::Decision& decision) {
  const auto fits = [&](const VisitedPoint& visit) {
    return visit.where == decision.where && visit.point != decision.point;
  };
  const VisitedPoint* const visit = choose_fitting(m.hints.visited, fits, m.rng);
  return visit == nullptr ? std::nullopt : decision_at(m, *visit);
}

}  // namespace anyctx::program
