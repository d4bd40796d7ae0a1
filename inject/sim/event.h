// Events: what a recording simulation writes down, for stories and traces.
#pragma once

#include <cstdint>

#include "inject/choice/decision.h"
#include "lib/machine/context.h"

namespace anyctx::inject {

enum class EventKind : std::uint8_t {
  op_begin,
  op_end,      // value: the operation's result as told to end_op()
  decision,    // action taken at point, occurrence
  work_begin,  // deferred work starts on `cpu`
  work_end,
  wait,  // a lock is not free: the task waits at point
  fail,  // a primitive failed at point because its condition held (nothing injected)
  lock,  // a lock of the site of `point` is taken; value: which one, in order of first use
  unlock,
  visit,  // a point was passed (only when every point is traced)
};

/// What could have been decided at a visit, by who or where: one bit per kind of handler, task
/// (by the index of its lane), CPU of a worker, CPU to migrate to.
struct Choices {
  std::uint8_t enter = 0;
  std::uint8_t tasks = 0;
  std::uint8_t workers = 0;
  std::uint8_t cpus = 0;
  bool fail = false;
  bool fail_sticky = false;
  bool stall = false;
  bool delay = false;
};

struct Event {
  EventKind kind = EventKind::visit;
  std::uint8_t cpu = 0;
  std::uint8_t depth = 0;  // nesting level: 1 is an operation of a task
  machine::Context context = machine::Context::task;
  Lane lane;  // of the task this happened on, its own or its CPU's work lane
  OpRef where;
  machine::PointId point = 0;
  std::uint16_t occurrence = 0;
  Action action;
  std::uint64_t value = 0;
  Choices choices;  // visit, if choices are recorded
};

}  // namespace anyctx::inject
