#include "triage/cli/minimization.h"

#include <fmt/format.h>

#include "fuzzers/ops/text.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/target_schema.h"
#include "triage/minimize/minimizer.h"
#include "triage/minimize/variations.h"

namespace anyctx::triage {
namespace {

using program::Program;
using program::Schema;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A hang costs this much each time it is seen.
constexpr milliseconds kHang{1000};

Size size_of(const Program& program) {
  return {count_ops(program), program.decisions.size(),
          program.walk.source != program::Walk::Source::none};
}

Program parse(const Schema& schema, const std::string& text) {
  program::ParsedText parsed = program::parse_text(schema, text);
  if (!parsed.program) throw SetupError(program::to_string(parsed.error));
  return std::move(*parsed.program);
}

}  // namespace

std::string to_string(const Size& size) {
  const auto count = [](std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return fmt::format("{}, {}{}", count(size.ops, "op"), count(size.decisions, "decision"),
                     size.walk ? " and a walk" : "");
}

Minimization::Minimization(const Installation& installation, Judge& judge,
                           std::chrono::seconds time)
    : installation_(installation), judge_(judge), time_(time) {}

Minimization::~Minimization() = default;

const SchemaCopy& Minimization::schema_of(const std::string& target) {
  std::unique_ptr<SchemaCopy>& schema = schemas_[target];
  if (!schema) schema = target_schema(installation_, target);
  return *schema;
}

Size Minimization::size(const std::string& text) {
  const std::string target(program::target_of_text(text));
  return size_of(parse(schema_of(target).schema(), text));
}

Minimized Minimization::run(const std::string& text, const Sight& sight) {
  const auto start = Clock::now();
  Minimized result;
  result.target = program::target_of_text(text);
  const Schema& schema = schema_of(result.target).schema();
  if (sight.signature.kind == "timeout") judge_.set_timeout(kHang);
  const auto shows = [&](const Program& program) {
    const Sight found = judge_.look(program::to_text(schema, program));
    const bool same = found.signature.key == sight.signature.key;
    if (found.bug && !same) result.passed.insert(found.signature.key);
    return same;
  };
  // With its walk, if a run does not come as far as to be written down.
  Program original = parse(schema, text);
  Program recorded = parse(schema, judge_.record(text));
  const bool same = shows(recorded);
  result.before = size_of(same ? recorded : original);
  const auto enough = [&] { return interrupts() > 0 || Clock::now() - start > time_; };
  Minimizer minimizer(schema, shows, enough);
  const Program smallest = minimizer.minimize(same ? std::move(recorded) : std::move(original));
  result.complete = !enough();
  result.after = size_of(smallest);
  result.program = program::to_text(schema, smallest);
  result.sight = judge_.look(result.program);
  result.runs = minimizer.asked();
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

std::set<std::string> Minimization::look_around(const std::string& text,
                                                std::chrono::seconds time) {
  const auto start = Clock::now();
  const Schema& schema = schema_of(std::string(program::target_of_text(text))).schema();
  std::set<std::string> keys;
  const auto note = [&](const Program& program) {
    const Sight sight = judge_.look(program::to_text(schema, program));
    if (sight.bug) keys.insert(sight.signature.key);
    return false;  // so that each step is tried from the same program
  };
  const auto enough = [&] { return interrupts() > 0 || Clock::now() - start > time; };
  const Program program = parse(schema, text);
  Minimizer(schema, note, enough).minimize(program);
  for_each_variation(schema, program, [&](const Program& variation) {
    note(variation);
    return !enough();
  });
  return keys;
}

}  // namespace anyctx::triage
