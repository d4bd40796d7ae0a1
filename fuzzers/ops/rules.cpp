#include "fuzzers/ops/rules.h"

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"

namespace anyctx::program {

using inject::ActionKind;
using inject::Decision;
using inject::Lane;
using inject::LaneKind;

unsigned cpu_count(const Schema& schema, const Program& program) {
  for (std::size_t i = 0; i < schema.params.size(); ++i)
    if (schema.params[i].name == "cpus") return program.params[i];
  return inject::kMaxLanesPerKind;
}

bool may_enter(LaneKind host, LaneKind handler) {
  if (!is_handler(handler)) return false;
  if (handler == LaneKind::reentry) return true;
  switch (host) {
    case LaneKind::task:
    case LaneKind::reentry:
    case LaneKind::work:
    case LaneKind::worker:
      return true;
    case LaneKind::softirq:
      return handler != LaneKind::softirq;
    case LaneKind::irq:
      return handler == LaneKind::nmi;
    case LaneKind::nmi:
      return false;
  }
  return false;
}

std::string_view place_problem(const Schema& schema, const Program& program,
                               const Decision& decision) {
  const inject::OpRef& where = decision.where;
  if (where.lane.kind == LaneKind::work || where.lane.kind == LaneKind::worker) {
    if (where.lane.index >= cpu_count(schema, program)) return "no such cpu";
  } else {
    const LaneOps* lane = find_lane(program, where.lane);
    if (lane == nullptr) return "no such lane in this program";
    if (where.op >= lane->ops.size()) return "no such operation in this lane";
  }
  if (where.lane.kind == LaneKind::task && where.entry != 0) return "tasks are entered only once";
  if (!is_point(schema, decision.point)) return "no such point";
  if (decision.occurrence == 0) return "occurrences count from 1";
  return {};
}

std::string_view action_problem(const Schema& schema, const Program& program,
                                const Decision& decision) {
  const Lane host = decision.where.lane;
  const inject::Action& action = decision.action;
  switch (action.kind) {
    case ActionKind::fail:
    case ActionKind::fail_sticky:
      return can_fail(schema, decision.point) ? "" : "nothing can fail at this point";
    case ActionKind::enter:
      if (!is_handler(action.lane.kind)) return "only handlers can be entered";
      if (find_lane(program, action.lane) == nullptr) return "no such handler in this program";
      return may_enter(host.kind, action.lane.kind) ? "" : "cannot interrupt this context";
    case ActionKind::run:
      if (action.lane.kind == LaneKind::worker) {
        if (!has_workers(schema)) return "this target has no workers";
        if (action.lane == host) return "this worker runs already";
        return action.lane.index < cpu_count(schema, program) ? "" : "no such cpu";
      }
      if (action.lane.kind != LaneKind::task) return "only tasks and workers can be run";
      if (find_lane(program, action.lane) == nullptr) return "no such task in this program";
      return action.lane == host ? "this task runs already" : "";
    case ActionKind::migrate:
      // A probe program runs in whatever it hit, maybe a task.
      if (host.kind != LaneKind::task && host.kind != LaneKind::reentry) {
        return "only tasks migrate";
      }
      return action.value < cpu_count(schema, program) ? "" : "no such cpu";
    case ActionKind::stall:
      return {};
    case ActionKind::delay:
      return can_delay(schema, decision.point) ? ""
                                               : "only a raise of deferred work can be delayed";
  }
  return "no such action";
}

}  // namespace anyctx::program
