// Events: what a recording simulation writes down, for stories and traces.
#pragma once

#include <cstdint>

#include "inject/choice/decision.h"
#include "inject/sim/frame.h"
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
  // Only when switches are recorded:
  resume,   // a task that switched away at a point goes on there
  between,  // not at a point: interrupts that are due would come, memory changes hands, or an
            // oracle asks the machine
};

/// What a primitive does to memory that others may see, as far as the machine is told.
struct Access {
  enum class Kind : std::uint8_t {
    unknown,  // anything
    none,     // nothing: a place that may fail, a named place
    read,     // a word that is accessed by such primitives only
    write,    // a word, or a range that changes hands
    special,  // no such word: locks, interrupts, beginnings and ends of operations, reads of memory
              // that its owner may write without telling
  };
  Kind kind = Kind::unknown;
  std::uint32_t bytes = 0;
  const void* at = nullptr;  // read, write

  static constexpr Access none() { return {Kind::none, 0, nullptr}; }
  static constexpr Access special() { return {Kind::special, 0, nullptr}; }
  static constexpr Access read(const void* at, std::size_t bytes) {
    return {Kind::read, static_cast<std::uint32_t>(bytes), at};
  }
  static constexpr Access write(const void* at, std::size_t bytes) {
    return {Kind::write, static_cast<std::uint32_t>(bytes), at};
  }
};
static_assert(sizeof(Access) == 16);  // two registers, on the path of every point

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
  Choices choices;  // visit, if choices are recorded; of switches only, if those are
  Access access;    // visit, resume, between
  CpuState state;   // visit, resume: of the CPU, if switches are recorded
};

}  // namespace anyctx::inject
