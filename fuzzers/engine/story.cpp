#include "fuzzers/engine/story.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/engine/steps.h"
#include "fuzzers/engine/verdict_meaning.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"

namespace anyctx::engine {
namespace {

using inject::LaneKind;
using program::Program;
using program::Schema;

constexpr unsigned kColumns = 100;  // of a terminal
constexpr unsigned kNumber = 6;     // columns of the step's number

/// One column per CPU, one step per line: a step may reach into the next column.
class Table {
 public:
  explicit Table(const std::vector<Step>& steps) {
    unsigned last = 0;
    for (const Step& step : steps) last = std::max<unsigned>(last, step.event.cpu);
    cpus_ = last + 1;
    // Half of the room for one, since its steps are longer than their share.
    width_ = std::max(16u, (kColumns - kNumber) / (cpus_ + (cpus_ > 1 ? 1u : 0u)));
  }

  std::string head() const {
    std::string line(kNumber, ' ');
    for (unsigned cpu = 0; cpu < cpus_; ++cpu) line += fmt::format("{:<{}}", cpu_name(cpu), width_);
    return line.substr(0, line.find_last_not_of(' ') + 1);
  }

  std::string line(const Step& step) const {
    return fmt::format("{:>4}  {}{}{}", step.number, std::string(step.event.cpu * width_, ' '),
                       level(step), step.text);
  }

 private:
  static std::string cpu_name(unsigned cpu) { return fmt::format("cpu{}", cpu); }

  /// Two columns per level, and the context where it is not that of a task.
  static std::string level(const Step& step) {
    const unsigned depth = step.event.depth > 0 ? step.event.depth - 1u : 0u;
    std::string mark = std::string(2u * depth, ' ');
    if (step.event.context != machine::Context::task)
      mark += fmt::format("[{}] ", machine::to_string(step.event.context));
    return mark;
  }

  unsigned cpus_ = 1;
  unsigned width_ = 0;
};

std::vector<Step> told_steps(Runner& runner, const Program& program, const RunResult& result) {
  std::vector<Step> steps =
      tell_steps(*runner.target().schema, program, told_events(runner, result));
  std::erase_if(steps, [](const Step& step) { return step.number == 0; });
  return steps;
}

std::string place_of(const Schema& schema, const inject::Verdict& verdict) {
  if (!verdict.in_op) return "while setting up, or at quiescence after all tasks ended";
  return fmt::format("in {} on cpu{}, {} context, last point {}", program::to_text(verdict.where),
                     verdict.cpu, machine::to_string(verdict.context),
                     program::point_name(schema, verdict.point));
}

std::string with_line(const std::string& name, unsigned line) {
  return line == 0 ? name : fmt::format("{}:{}", name, line);
}

/// One line for each stack, with the line of each function.
std::string tell(const std::vector<inject::CodeStack>& stacks) {
  std::string text = stacks.empty() ? "" : "  in the sources\n";
  for (const inject::CodeStack& stack : stacks) {
    const inject::CodePlace& first = stack.places.front();
    text += fmt::format("    {:<13} {} in {}", stack.what, with_line(first.file, first.line),
                        first.function);
    for (std::size_t i = 1; i < stack.places.size(); ++i) {
      text += " < " + with_line(stack.places[i].function, stack.places[i].line);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string headline(const inject::Verdict& verdict) {
  return fmt::format("anyctx: VERDICT {}: {}", to_string(verdict.kind), verdict.rule);
}

std::vector<inject::Event> told_events(Runner& runner, const RunResult& result) {
  std::vector<inject::Event> events = runner.simulation().events();
  if (result.compared && result.verdict) events.resize(result.compared->at);
  return events;
}

std::string tell_trace(Runner& runner, const Program& program) {
  const RunResult result = runner.run(program, inject::Recording::visits);
  const std::vector<Step> steps = told_steps(runner, program, result);
  const Table table(steps);
  std::string text = table.head() + "\n";
  for (const Step& step : steps) text += table.line(step) + "\n";
  return text;
}

std::string tell_story(Runner& runner, const Program& program, unsigned max_steps) {
  const RunResult result = runner.run(program, inject::Recording::events);
  if (!result.verdict) return "anyctx: no verdict\n";
  const Schema& schema = *runner.target().schema;
  const std::vector<Step> steps = told_steps(runner, program, result);
  const Table table(steps);
  std::string story = headline(*result.verdict) + "\n";
  story += fmt::format("  where     {}\n", place_of(schema, *result.verdict));
  story += fmt::format("  expected  {}\n  found     {}\n", result.verdict->expected,
                       result.verdict->found);
  story += fmt::format("  why       {}\n", meaning(result.verdict->kind));
  story += "  steps (\"!\" marks a decision)\n" + table.head() + "\n";
  const std::size_t skipped = steps.size() > max_steps ? steps.size() - max_steps : 0;
  if (skipped != 0) story += fmt::format("      ({} earlier steps)\n", skipped);
  for (std::size_t i = skipped; i < steps.size(); ++i) story += table.line(steps[i]) + "\n";
  story += fmt::format("      here {} is found\n", to_string(result.verdict->kind));
  return story + tell(runner.stacks());
}

}  // namespace anyctx::engine
