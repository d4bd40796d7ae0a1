#include "fuzzers/engine/steps.h"

#include <fmt/format.h>
#include <string.h>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"

namespace anyctx::engine {
namespace {

using inject::Event;
using inject::EventKind;
using inject::LaneKind;
using program::Program;
using program::Schema;

constexpr unsigned kKindBits = 2;  // of Outcome, see Runner::run_lane()

class Teller {
 public:
  Teller(const Schema& schema, const Program& program) : schema_(schema), program_(program) {}

  Step step(const Event& event) const {
    Step step;
    step.event = event;
    const bool in_op = event.kind != EventKind::work_begin && event.kind != EventKind::work_end;
    const inject::Lane lane = in_op ? event.where.lane : event.lane;
    step.lane = program::lane_name(lane);
    if (has_point(event.kind)) step.point = program::point_name(schema_, event.point);
    step.text = text_of(event, step.point);
    return step;
  }

 private:
  static bool has_point(EventKind kind) {
    return kind == EventKind::decision || kind == EventKind::wait || kind == EventKind::fail ||
           kind == EventKind::lock || kind == EventKind::unlock || kind == EventKind::visit;
  }

  std::string op_text(const inject::OpRef& where) const {
    const program::LaneOps* lane = program::find_lane(program_, where.lane);
    if (lane == nullptr || where.op >= lane->ops.size()) return "?";
    return program::to_text(schema_, lane->ops[where.op]);
  }

  std::string text_of(const Event& event, const std::string& point) const {
    switch (event.kind) {
      case EventKind::op_begin:
        return fmt::format("{}: {}", program::to_text(event.where), op_text(event.where));
      case EventKind::op_end:
        return fmt::format("{}: {}", program::to_text(event.where), result_text(event.value));
      case EventKind::decision:
        return fmt::format("! at {}#{}: {}", point, event.occurrence,
                           program::to_text(event.action));
      case EventKind::work_begin:
        return "deferred work runs";
      case EventKind::work_end:
        return "deferred work is done";
      case EventKind::wait:
        return fmt::format("waits at {}", point);
      case EventKind::fail:
        return fmt::format("{} fails by itself", point);
      case EventKind::visit:
        return fmt::format(". {}#{}", point, event.occurrence);
      case EventKind::lock:
      case EventKind::unlock:
      case EventKind::resume:
      case EventKind::between:
        return {};
    }
    return {};
  }

  const Schema& schema_;
  const Program& program_;
};

}  // namespace

std::string_view to_string(EventKind kind) {
  constexpr std::string_view names[] = {"begin",    "end",   "decision", "work",
                                        "work end", "wait",  "fail",     "lock",
                                        "unlock",   "visit", "resume",   "between"};
  return names[static_cast<unsigned>(kind)];
}

std::string result_text(std::uint64_t value) {
  constexpr std::string_view kinds[] = {"done", "failed", "nothing to do", "?"};
  const std::string_view kind = kinds[value & ((1u << kKindBits) - 1)];
  std::int64_t result = static_cast<std::int64_t>(value) >> kKindBits;
  constexpr std::int64_t kMostErrno = 4095;
  // Some worlds tell errors as 32 bits.
  if (result > UINT32_MAX - kMostErrno && result <= UINT32_MAX) result -= std::int64_t{1} << 32;
  const bool is_errno = result < 0 && result >= -kMostErrno;
  const char* name = is_errno ? ::strerrorname_np(static_cast<int>(-result)) : nullptr;
  if (name != nullptr) return fmt::format("{} (-{})", kind, name);
  return fmt::format("{} ({})", kind, result);
}

std::vector<Step> tell_steps(const Schema& schema, const Program& program,
                             const std::vector<Event>& events) {
  const Teller teller(schema, program);
  std::vector<Step> steps;
  unsigned number = 0;
  for (const Event& event : events) {
    steps.push_back(teller.step(event));
    if (!steps.back().text.empty()) steps.back().number = ++number;
  }
  return steps;
}

}  // namespace anyctx::engine
