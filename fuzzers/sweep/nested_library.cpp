#include "fuzzers/sweep/nested_library.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/text.h"
#include "lib/machine/check.h"

namespace anyctx::sweep {
namespace {

using program::ArgKind;
using program::ArgSpec;
using program::LaneOps;
using program::Op;
using program::OpSpec;
using program::Program;
using program::Schema;

/// The operations before the host, the latest first, then those of the other lanes.
std::vector<const Op*> nearest_first(const Program& program, const inject::OpRef& host) {
  std::vector<const Op*> ops;
  const LaneOps* const own = program::find_lane(program, host.lane);
  for (std::size_t i = own == nullptr ? 0 : std::min<std::size_t>(host.op, own->ops.size()); i > 0;
       --i) {
    ops.push_back(&own->ops[i - 1]);
  }
  for (const LaneOps& lane : program.lanes) {
    if (&lane == own) continue;
    for (const Op& op : lane.ops) ops.push_back(&op);
  }
  return ops;
}

const Op* host_op(const Program& program, const inject::OpRef& host) {
  const LaneOps* const lane = program::find_lane(program, host.lane);
  return lane != nullptr && host.op < lane->ops.size() ? &lane->ops[host.op] : nullptr;
}

std::optional<std::uint32_t> arg_of(const Schema& schema, const Op& op, std::string_view name) {
  const std::span<const ArgSpec> args = schema.ops[op.code].args;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i].name == name) return op.args[i];
  }
  return std::nullopt;
}

std::optional<std::uint32_t> nearest_arg(const Schema& schema, const Program& program,
                                         const inject::OpRef& host, std::string_view name) {
  const Op* const own = host_op(program, host);
  if (own != nullptr) {
    if (const auto value = arg_of(schema, *own, name)) return value;
  }
  for (const Op* op : nearest_first(program, host)) {
    if (const auto value = arg_of(schema, *op, name)) return value;
  }
  return std::nullopt;
}

/// The first argument of an operation that is a slot; null if it has none.
const ArgSpec* slot_arg(const OpSpec& spec) {
  const auto arg = std::ranges::find(spec.args, ArgKind::slot, &ArgSpec::kind);
  return arg == spec.args.end() ? nullptr : &*arg;
}

/// The slot that an operation takes a result from; none if it takes none.
std::optional<std::uint8_t> taken_slot(const Schema& schema, const Op& op) {
  const OpSpec& spec = schema.ops[op.code];
  for (std::size_t i = 0; i < spec.args.size(); ++i) {
    if (spec.args[i].kind == ArgKind::slot) return static_cast<std::uint8_t>(op.args[i]);
  }
  return std::nullopt;
}

/// The operation that a line of text calls.
const OpSpec& called(const Schema& schema, std::string_view line) {
  std::string_view name = line.substr(0, line.find('('));
  if (const std::size_t equals = name.find('='); equals != name.npos)
    name.remove_prefix(equals + 1);
  while (name.starts_with(' ')) name.remove_prefix(1);
  const auto spec = std::ranges::find(schema.ops, name, &OpSpec::name);
  ANYCTX_CHECK(spec != schema.ops.end());
  return *spec;
}

/// The latest result that is still there for an argument to take, when the host runs.
std::optional<std::uint8_t> nearest_slot(const Schema& schema, const Program& program,
                                         const inject::OpRef& host, const ArgSpec& arg) {
  std::array<unsigned, program::kSlots> gone{};
  const auto take = [&](const Op* op) {
    if (op == nullptr) return;
    if (const auto slot = taken_slot(schema, *op)) ++gone[*slot];
  };
  take(host_op(program, host));
  for (const Op* op : nearest_first(program, host)) {
    const OpSpec& spec = schema.ops[op->code];
    const bool fits =
        spec.has_result && (arg.values.empty() || std::ranges::count(arg.values, op->code) != 0);
    if (fits && gone[op->result] == 0) return op->result;
    if (fits) --gone[op->result];
    take(op);
  }
  return std::nullopt;
}

char letter(unsigned slot) {
  return static_cast<char>('a' + slot);
}

/// The n-th slot, from 1, that no operation of the program names; the last ones if all are named.
char fresh_slot(const Schema& schema, const Program& program, unsigned n) {
  std::uint32_t used = 0;
  for (const LaneOps& lane : program.lanes) {
    for (const Op& op : lane.ops) {
      if (schema.ops[op.code].has_result) used |= 1u << op.result;
      if (const auto slot = taken_slot(schema, op)) used |= 1u << *slot;
    }
  }
  for (unsigned slot = 0; slot < program::kSlots; ++slot) {
    if ((used >> slot & 1) == 0 && --n == 0) return letter(slot);
  }
  return letter(program::kSlots - 1);
}

std::uint32_t number(std::string_view digits) {
  std::uint32_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  ANYCTX_CHECK(end.ec == std::errc() && end.ptr == digits.data() + digits.size());
  return value;
}

/// "size*2:64"
struct Brace {
  std::string_view name;
  std::uint32_t factor = 1;
  std::optional<std::uint32_t> fallback;

  explicit Brace(std::string_view text) {
    if (const std::size_t colon = text.find(':'); colon != text.npos) {
      fallback = number(text.substr(colon + 1));
      text = text.substr(0, colon);
    }
    if (const std::size_t star = text.find('*'); star != text.npos) {
      factor = number(text.substr(star + 1));
      text = text.substr(0, star);
    }
    name = text;
  }
};

}  // namespace

std::optional<std::string> put_in(const Schema& schema, std::string_view text,
                                  const Program& program, const inject::OpRef& host) {
  std::string result;
  std::size_t line_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') line_begin = at + 1;
    if (text[at] != '{') {
      result += text[at++];
      continue;
    }
    const std::size_t end = text.find('}', at);
    ANYCTX_CHECK(end != text.npos);
    const Brace brace(text.substr(at + 1, end - at - 1));
    at = end + 1;
    if (brace.name[0] >= '0' && brace.name[0] <= '9') {
      result += fresh_slot(schema, program, number(brace.name));
    } else if (brace.name == "result") {
      const std::string_view line = text.substr(line_begin, text.find('\n', at) - line_begin);
      const ArgSpec* const arg = slot_arg(called(schema, line));
      ANYCTX_CHECK(arg != nullptr);
      const auto slot = nearest_slot(schema, program, host, *arg);
      if (!slot) return std::nullopt;
      result += letter(*slot);
    } else {
      auto value = nearest_arg(schema, program, host, brace.name);
      if (value) value = *value * brace.factor;
      if (!value) value = brace.fallback;
      if (!value) return std::nullopt;
      result += fmt::format("{}", *value);
    }
  }
  return result;
}

Ops parse_ops(const Schema& schema, inject::LaneKind kind, std::string_view lines) {
  const std::string lane = program::lane_name({kind, 0});
  const auto parsed =
      program::parse_text(schema, fmt::format("anyctx {} target={}\n{}:\n{}\n",
                                              program::kTextVersion, schema.target, lane, lines));
  if (!parsed.program) return {};
  const LaneOps* const ops = program::find_lane(*parsed.program, {kind, 0});
  return ops == nullptr ? Ops() : ops->ops;
}

const Ops* NestedLibrary::make(std::size_t index, const Program& program,
                               const inject::OpRef& host) {
  const auto lines = put_in(schema_, nested_[index].ops, program, host);
  if (!lines) return nullptr;
  auto made = made_.find(*lines);
  if (made == made_.end())
    made = made_.emplace(*lines, parse_ops(schema_, inject::LaneKind::nmi, *lines)).first;
  return made->second.empty() ? nullptr : &made->second;
}

}  // namespace anyctx::sweep
