#include "fuzzers/ops/action_menu.h"

#include <algorithm>

#include "fuzzers/ops/rules.h"

namespace anyctx::program {

using inject::Action;
using inject::ActionKind;
using inject::LaneKind;

ActionMenu::ActionMenu(const Schema& schema, const Program& program, const inject::OpRef& where,
                       machine::PointId point) {
  inject::Decision decision{where, point, 1, {}};
  offer(schema, program, decision, {ActionKind::fail, {}, 0});
  offer(schema, program, decision, {ActionKind::fail_sticky, {}, 0});
  for (const LaneOps& lane : program.lanes) {
    const bool task = lane.lane.kind == LaneKind::task;
    offer(schema, program, decision, {task ? ActionKind::run : ActionKind::enter, lane.lane, 0});
  }
  const unsigned cpus = std::min(cpu_count(schema, program), inject::kMaxLanesPerKind);
  for (unsigned cpu = 0; cpu < cpus; ++cpu) {
    const auto index = static_cast<std::uint8_t>(cpu);
    offer(schema, program, decision, {ActionKind::run, {LaneKind::worker, index}, 0});
    offer(schema, program, decision, {ActionKind::migrate, {}, index});
  }
  offer(schema, program, decision, {ActionKind::delay, {}, 0});
  offer(schema, program, decision, {ActionKind::stall, {}, 0});
}

void ActionMenu::offer(const Schema& schema, const Program& program, inject::Decision& decision,
                       const Action& action) {
  decision.action = action;
  if (action_problem(schema, program, decision).empty()) actions_[count_++] = action;
}

}  // namespace anyctx::program
