// Plan: everything that a sweep tries with one program, as a list of units.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fuzzers/sweep/nested_library.h"
#include "fuzzers/sweep/options.h"
#include "fuzzers/sweep/survey.h"

namespace anyctx::sweep {

/// What reports count separately.
enum class Category : std::uint8_t {
  sticky,     // a failure that stays
  transient,  // a failure once
  nmi,
  irq,
  softirq,
  reentry,
  switched,  // another task or worker runs
  migrated,
  delayed,  // deferred work
  frozen,   // the CPU stands still while others go on
};
inline constexpr unsigned kCategories = 10;
std::string_view to_string(Category category);
Category category_of(const inject::Action& action);

/// One decision more than a variant has.
struct Unit {
  std::uint32_t place = 0;    // index in Plan::places
  std::uint32_t variant = 0;  // index in Plan::variants
  inject::Action action;
};

/// What a plan does not try, by the reason.
struct LeftOut {
  std::uint64_t visits = 0;   // of points that one operation visits very often
  std::uint64_t no_lane = 0;  // nested operations: the program uses all handlers of the kind itself
  std::uint64_t nothing_to_act_on = 0;  // nested operations, by the operation they were to run in
  bool full = false;                    // the program has no room for another decision
};

struct Plan {
  /// The program; then the program with one lane more, or another one in place of a handler that
  /// nothing enters.
  std::vector<program::Program> variants;
  std::vector<Place> places;
  std::vector<Unit> units;
  LeftOut left_out;
  /// What comes to a verdict without any decision more; of the program itself: there are no units.
  std::optional<program::Program> guilty;

  inject::Decision decision(const Unit& unit) const;
  /// The variant of the unit with its decision, which comes first at its point.
  program::Program program(const Unit& unit) const;
};

/// Runs the program to see where it passes. With `after`, a decision of the program, only what
/// makes another pair with it: what comes later, or at the same visit in a fixed order.
Plan make_plan(engine::Runner& runner, NestedLibrary& library, const program::Program& program,
               const Options& options, const std::optional<inject::Decision>& after = {});

/// Of schedules: a unit is a row of first switches, see ScheduleTree.
Plan plan_schedules(engine::Runner& runner, const program::Program& program,
                    const Options& options);

}  // namespace anyctx::sweep
