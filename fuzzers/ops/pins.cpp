#include "fuzzers/ops/pins.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/text.h"

namespace anyctx::program {

std::string Pins::add(std::string_view assignment) {
  const ParsedText parsed = parse_text(
      schema_,
      fmt::format("anyctx {} target={} {}\ntask0:", kTextVersion, schema_.target, assignment));
  if (!parsed.program) return parsed.error.message;
  const std::string_view name = assignment.substr(0, assignment.find('='));
  const auto spec = std::ranges::find(schema_.params, name, &ParamSpec::name);
  if (spec == schema_.params.end()) return fmt::format("'{}' is not NAME=VALUE", assignment);
  const auto index = static_cast<std::size_t>(spec - schema_.params.begin());
  pins_.push_back({index, parsed.program->params[index]});
  return {};
}

void Pins::apply(Program& program) const {
  for (const Pin& pin : pins_) program.params[pin.param] = pin.value;
  if (decisions_) return;
  program.decisions.clear();
  program.walk = {};
}

bool Pins::hold(const Program& program) const {
  const bool decides = !program.decisions.empty() || program.walk.source != Walk::Source::none;
  if (decides && !decisions_) return false;
  return std::ranges::all_of(
      pins_, [&](const Pin& pin) { return program.params[pin.param] == pin.value; });
}

}  // namespace anyctx::program
