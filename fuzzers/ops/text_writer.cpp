// The printer. What it leaves out is what parse_text() fills in.

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/arg_text.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"

namespace anyctx::program {
namespace {

using inject::ActionKind;

char slot_name(std::uint32_t slot) {
  return static_cast<char>('a' + slot);
}

std::string flags_text(const ArgSpec& spec, std::uint32_t value) {
  std::string text;
  for (std::size_t bit = 0; bit < spec.words.size(); ++bit) {
    if ((value >> bit & 1u) == 0) continue;
    if (!text.empty()) text += '|';
    text += spec.words[bit];
  }
  return text.empty() ? "0" : text;
}

std::string args_text(const OpSpec& spec, const Op& op) {
  std::string text;
  for (std::size_t i = 0; i < spec.args.size(); ++i) {
    const ArgSpec& arg = spec.args[i];
    const std::uint32_t value = op.args[i];
    if (arg.optional && value == arg.fallback) continue;
    if (!text.empty()) text += ", ";
    const bool bare = !arg.optional || (i == bare_flags(spec) && value != 0);
    if (!bare) text += fmt::format("{}=", arg.name);
    text += value_text(arg, value);
  }
  return text;
}

std::string header_text(const Schema& schema, const Program& program) {
  std::string text = fmt::format("anyctx {} target={}", kTextVersion, schema.target);
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    const ParamSpec& spec = schema.params[i];
    const std::uint32_t value = program.params[i];
    if (value == spec.fallback) continue;
    text += fmt::format(" {}={}", spec.name, value_text(spec, value));
  }
  return text + '\n';
}

/// Operations start in one column, behind the longest label.
std::string lanes_text(const Schema& schema, const Program& program) {
  std::size_t width = 0;
  for (const LaneOps& lane : program.lanes)
    width = std::max(width, lane_name(lane.lane).size() + 2);
  std::string text;
  for (const LaneOps& lane : program.lanes) {
    std::string label = lane_name(lane.lane) + ":";
    if (lane.ops.empty()) text += label + '\n';
    for (const Op& op : lane.ops) {
      text += fmt::format("{:<{}}{}\n", label, width, to_text(schema, op));
      label.clear();
    }
  }
  return text;
}

std::string walk_text(const Walk& walk) {
  switch (walk.source) {
    case Walk::Source::none:
      return {};
    case Walk::Source::seed:
      return fmt::format("walk rate={} seed={}\n", walk.rate, walk.seed);
    case Walk::Source::bytes:
      break;
  }
  std::string text = fmt::format("walk rate={} bytes=", walk.rate);
  for (const std::uint8_t byte : walk.bytes) text += fmt::format("{:02x}", byte);
  return text + '\n';
}

}  // namespace

std::string value_text(const ArgSpec& spec, std::uint32_t value) {
  switch (spec.kind) {
    case ArgKind::number:
    case ArgKind::choice:
      return fmt::format("{}", value);
    case ArgKind::flags:
      return flags_text(spec, value);
    case ArgKind::slot:
      return std::string(1, slot_name(value));
    case ArgKind::index:
      return fmt::format("{}{}", spec.words[0], value);
  }
  return {};
}

std::string value_text(const ParamSpec& spec, std::uint32_t value) {
  return spec.words.empty() ? fmt::format("{}", value) : std::string(spec.words[value - spec.min]);
}

std::string to_text(const Schema& schema, const Op& op) {
  const OpSpec& spec = schema.ops[op.code];
  const std::string call = fmt::format("{}({})", spec.name, args_text(spec, op));
  return spec.has_result ? fmt::format("{} = {}", slot_name(op.result), call) : call;
}

std::string to_text(const inject::OpRef& where) {
  const std::string lane = lane_name(where.lane);
  return where.entry == 0 ? fmt::format("{}.{}", lane, where.op)
                          : fmt::format("{}/{}.{}", lane, where.entry, where.op);
}

std::string to_text(const inject::Action& action) {
  switch (action.kind) {
    case ActionKind::fail:
      return "fail";
    case ActionKind::fail_sticky:
      return "fail sticky";
    case ActionKind::enter:
      return lane_name(action.lane);
    case ActionKind::run:
      return "run " + lane_name(action.lane);
    case ActionKind::migrate:
      return fmt::format("migrate cpu{}", action.value);
    case ActionKind::stall:
      return "stall";
    case ActionKind::delay:
      return fmt::format("delay {}", action.value);
  }
  return {};
}

std::string to_text(const Schema& schema, const inject::Decision& decision) {
  return fmt::format("at {} {}#{}: {}", to_text(decision.where), point_name(schema, decision.point),
                     decision.occurrence, to_text(decision.action));
}

std::string to_text(const Schema& schema, const Program& program) {
  std::string text = header_text(schema, program) + lanes_text(schema, program);
  text += walk_text(program.walk);
  for (const inject::Decision& decision : program.decisions)
    text += to_text(schema, decision) + '\n';
  return text;
}

}  // namespace anyctx::program
