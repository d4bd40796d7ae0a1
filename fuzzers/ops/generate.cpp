#include "fuzzers/ops/generate.h"

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/points.h"

namespace anyctx::program {
namespace {

using inject::LaneKind;
using inject::Rng;

constexpr std::uint32_t kMostTaskOps = 16;
constexpr std::uint32_t kMostLongTaskOps = 48;  // one task in eight: fills caches and lists
constexpr std::uint32_t kMostHandlerOps = 4;
constexpr std::uint32_t kMostNewDecisions = 6;

/// How many tasks: by weight of 1, 2, 3, 4.
constexpr std::uint32_t kTaskCounts[] = {4, 4, 1, 1};
static_assert(std::size(kTaskCounts) == kMaxTasks);

void choose_params(const Schema& schema, const Swarm& swarm, Program& program, Rng& rng) {
  for (std::size_t i = 0; i < schema.params.size(); ++i)
    if ((swarm.params >> i & 1u) != 0)
      program.params[i] = choose_number(bounds(schema.params[i]), rng);
}

void fill_lane(const Schema& schema, const Swarm& swarm, Program& program, inject::Lane lane,
               std::uint32_t count, Keep keep, Rng& rng) {
  ensure_lane(program, lane);
  for (; count > 0; --count)
    if (const auto op = choose_op(schema, swarm, program, lane.kind, keep, rng))
      find_lane(program, lane)->ops.push_back(*op);
}

void choose_tasks(const Schema& schema, const Swarm& swarm, Program& program, Rng& rng) {
  const std::size_t tasks = 1 + draw_weighted(kTaskCounts, rng);
  for (std::size_t i = 0; i < tasks; ++i) {
    const std::uint32_t most = rng.chance(1, 8) ? kMostLongTaskOps : kMostTaskOps;
    fill_lane(schema, swarm, program, {LaneKind::task, static_cast<std::uint8_t>(i)},
              1 + rng.below(most), Keep::no, rng);
  }
}

void choose_handlers(const Schema& schema, const Swarm& swarm, Program& program, Rng& rng) {
  for (const LaneKind kind : {LaneKind::nmi, LaneKind::irq, LaneKind::softirq, LaneKind::reentry}) {
    if (!rng.chance(kind == LaneKind::nmi ? 2 : 1, 4)) continue;
    const unsigned handlers = rng.chance(1, 4) ? 2 : 1;
    for (unsigned i = 0; i < handlers; ++i) {
      const Keep keep = rng.chance(1, 2) ? Keep::yes : Keep::no;
      const inject::Lane lane{kind, static_cast<std::uint8_t>(i)};
      const std::uint32_t count = 1 + rng.below(kMostHandlerOps);
      fill_lane(schema, swarm, program, lane, count, keep, rng);
    }
  }
}

void choose_decisions(const Schema& schema, const Swarm& swarm, Program& program, Rng& rng) {
  const std::vector<machine::PointId> points = listed_points(schema);
  for (std::uint32_t i = rng.below(kMostNewDecisions + 1); i > 0; --i) {
    const auto where = choose_place(program, rng);
    if (!where) return;
    const machine::PointId point = points[rng.below(static_cast<std::uint32_t>(points.size()))];
    const auto action = choose_action(schema, swarm, program, *where, point, rng);
    if (!action) continue;
    const std::uint16_t occurrence = choose_occurrence(usual_visits(point), rng);
    program.decisions.push_back({*where, point, occurrence, *action});
  }
}

}  // namespace

Program generate(const Schema& schema, Rng& rng) {
  const Swarm swarm = Swarm::draw(schema, rng);
  Program program = empty_program(schema);
  choose_params(schema, swarm, program, rng);
  choose_tasks(schema, swarm, program, rng);
  choose_handlers(schema, swarm, program, rng);
  normalize(schema, program);  // decisions are chosen among what is there
  choose_decisions(schema, swarm, program, rng);
  if (rng.chance(1, 2)) program.walk = choose_walk(rng);
  normalize(schema, program);
  return program;
}

}  // namespace anyctx::program
