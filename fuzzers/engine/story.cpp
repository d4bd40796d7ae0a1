#include "fuzzers/engine/story.h"

#include <fmt/format.h>

#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"

namespace anyctx::engine {
namespace {

using inject::Event;
using inject::EventKind;
using inject::LaneKind;
using program::Program;
using program::Schema;

/// Turns events into numbered lines, indented by nesting level.
class Teller {
 public:
  Teller(const Schema& schema, const Program& program) : schema_(schema), program_(program) {}

  std::vector<std::string> tell(const std::vector<Event>& events) {
    for (const Event& event : events) {
      if (std::string text = text_of(event); !text.empty()) {
        lines_.push_back(
            fmt::format("{:>4}  cpu{} {:<8} {}{}", lines_.size() + 1, event.cpu,
                        machine::to_string(event.context),
                        std::string(2u * (event.depth > 0 ? event.depth - 1u : 0u), ' '), text));
      }
    }
    return std::move(lines_);
  }

 private:
  std::string op_text(const inject::OpRef& where) const {
    for (const program::LaneOps& ops : program_.lanes) {
      if (ops.lane == where.lane && where.op < ops.ops.size()) {
        return program::to_text(schema_, ops.ops[where.op]);
      }
    }
    return "?";
  }

  std::string text_of(const Event& event) const {
    switch (event.kind) {
      case EventKind::op_begin:
        return fmt::format("{}: {}", program::to_text(event.where), op_text(event.where));
      case EventKind::op_end: {
        constexpr std::string_view kinds[] = {"done", "failed", "nothing to do", "?"};
        return fmt::format("{}: {} ({})", program::to_text(event.where), kinds[event.value & 3],
                           event.value >> 2);
      }
      case EventKind::decision:
        return fmt::format("! at {}#{}: {}", program::point_name(schema_, event.point),
                           event.occurrence, program::to_text(event.action));
      case EventKind::work_begin:
        return "deferred work runs";
      case EventKind::work_end:
        return "deferred work is done";
      case EventKind::wait:
        return fmt::format("waits at {}", program::point_name(schema_, event.point));
      case EventKind::fail:
        return fmt::format("{} fails by itself", program::point_name(schema_, event.point));
      case EventKind::visit:
        return fmt::format(". {}#{}", program::point_name(schema_, event.point), event.occurrence);
    }
    return {};
  }

  const Schema& schema_;
  const Program& program_;
  std::vector<std::string> lines_;
};

std::string place_of(const Schema& schema, const inject::Verdict& verdict) {
  if (!verdict.in_op) return "while setting up, or at quiescence after all tasks ended";
  return fmt::format("in {} on cpu{}, {} context, last point {}", program::to_text(verdict.where),
                     verdict.cpu, machine::to_string(verdict.context),
                     program::point_name(schema, verdict.point));
}

}  // namespace

std::string headline(const inject::Verdict& verdict) {
  return fmt::format("anyctx: VERDICT {}: {}", to_string(verdict.kind), verdict.rule);
}

std::string tell_trace(Runner& runner, const Program& program) {
  runner.run(program, inject::Recording::visits);
  std::string text;
  for (const std::string& line :
       Teller(*runner.target().schema, program).tell(runner.simulation().events())) {
    text += line + "\n";
  }
  return text;
}

std::string tell_story(Runner& runner, const Program& program, unsigned max_steps) {
  const RunResult result = runner.run(program, inject::Recording::events);
  if (!result.verdict) return "anyctx: no verdict\n";
  const Schema& schema = *runner.target().schema;
  const std::vector<std::string> lines = Teller(schema, program).tell(runner.simulation().events());
  std::string story = headline(*result.verdict) + "\n";
  story += fmt::format("  where     {}\n", place_of(schema, *result.verdict));
  story += fmt::format("  expected  {}\n  found     {}\n", result.verdict->expected,
                       result.verdict->found);
  story += "  steps (\"!\" marks a decision)\n";
  const std::size_t skipped = lines.size() > max_steps ? lines.size() - max_steps : 0;
  if (skipped != 0) story += fmt::format("        ({} earlier steps)\n", skipped);
  for (std::size_t i = skipped; i < lines.size(); ++i) story += lines[i] + "\n";
  return story;
}

}  // namespace anyctx::engine
