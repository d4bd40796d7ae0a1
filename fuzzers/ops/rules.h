// Rules: what makes a program normal. One definition, used to reject (text), to repair (binary,
// mutation) and to choose (generation).
#pragma once

#include <string_view>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// An inclusive range. The legal values of each parameter and each argument are one.
struct Bounds {
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  constexpr bool contain(std::uint32_t value) const { return min <= value && value <= max; }
  constexpr std::uint64_t size() const { return std::uint64_t{max} - min + 1; }
  /// The nearest legal value.
  constexpr std::uint32_t clamp(std::uint32_t value) const {
    return value < min ? min : value > max ? max : value;
  }
  /// Legal values stay; all others are spread over the range.
  constexpr std::uint32_t wrap(std::uint32_t value) const {
    return contain(value) ? value : static_cast<std::uint32_t>(min + value % size());
  }
};

constexpr Bounds bounds(const ParamSpec& spec) {
  return {spec.min, spec.max};
}
constexpr Bounds bounds(const ArgSpec& spec) {
  switch (spec.kind) {
    case ArgKind::flags:
      return {0, static_cast<std::uint32_t>((std::uint64_t{1} << spec.words.size()) - 1)};
    case ArgKind::slot:
      return {0, kSlots - 1};
    default:
      return {spec.min, spec.max};
  }
}

constexpr bool legal_in(const OpSpec& spec, inject::LaneKind kind) {
  return (spec.lanes & in(kind)) != 0;
}

/// The value of the parameter "cpus"; the largest number of CPUs if the schema has none.
unsigned cpu_count(const Schema& schema, const Program& program);

/// True if handlers of kind `handler` may be entered from operations of a lane of kind `host`.
/// Re-entry and deferred work run in the context of whatever was there, so that they allow more;
/// the machine has the last word.
bool may_enter(inject::LaneKind host, inject::LaneKind handler);

/// Why no decision can be at this operation and point; empty if one can.
std::string_view place_problem(const Schema& schema, const Program& program,
                               const inject::Decision& decision);

/// Why this action cannot be taken at this place; empty if it can. The place must be legal.
std::string_view action_problem(const Schema& schema, const Program& program,
                                const inject::Decision& decision);

}  // namespace anyctx::program
