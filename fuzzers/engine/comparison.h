// Comparison: how the answers of two subjects to one program are compared. Data of a target; why
// something is not compared is said with it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lib/machine/site.h"

namespace anyctx::engine {

struct Target;

enum class Alike : std::uint8_t {
  result,   // the outcome, and the number with it
  place,    // the outcome; of several places that fit each may choose another: then it ends there
  outcome,  // done, failed, nothing to do; the number is each subject's own affair
  nothing,  // and what comes later is the same all the same
  end,      // and where outcomes differ, what comes later cannot be compared
};

/// To which calls a rule applies.
struct Calls {
  enum class Kind : std::uint8_t {
    all,
    above,          // argument `arg` is greater than `value`
    with_flag,      // argument `arg` has a bit of `value`
    after_failure,  // something in this operation was made to fail, or failed by itself
  };
  Kind kind = Kind::all;
  std::uint8_t arg = 0;
  std::uint32_t value = 0;
};

/// Of one operation; without one it is Alike::result. The first that applies counts.
struct AnswerRule {
  std::string_view op;  // empty: any
  Alike alike;
  std::string_view reason;
  Calls calls = {};
  bool is_finding = false;  // it applies to programs that pass over what is known only
};

/// Programs whose parameter has this value mean different things for the two subjects.
struct UnlikeParam {
  std::string_view name;
  std::uint32_t value;
  std::string_view reason;
};

/// Why answers are not compared any more.
enum class Cut : std::uint8_t {
  program,   // its parameters mean something else for the other subject
  decision,  // one was taken by one subject only, or in another operation
  order,     // operations begin and end in another order
  overlap,   // an operation begins while another one is under way in the subject
  cause,     // something failed by itself for one subject only
  sticky,    // a failure that sticks meets each subject as often as it asks
  known,     // a known finding is passed over, and may have had its effect
  exempt,    // an operation that is not compared had another outcome
};
inline constexpr unsigned kCuts = 8;

struct Comparison {
  std::span<const AnswerRule> rules = {};
  std::span<const UnlikeParam> params = {};
  // Places in which no subject is in the middle of anything, beside the ends of operations.
  std::span<const machine::Site> outside = {};
  // Why operations that overlap in time can be compared all the same; empty: they cannot.
  std::string_view overlaps = {};
  // What fails by itself is each subject's own affair at these places.
  std::span<const machine::Site> own_causes = {};
  // What a failure may have changed that known=passed passes over: behind one nothing is compared.
  std::string_view known_effect = {};
  bool known_effect_fails = false;  // an operation on which it has this effect fails
};

/// Another subject that a target's can be compared with, run by the same programs.
struct Reference {
  Target (*target)() = nullptr;  // null: there is none
  const Comparison* comparison = nullptr;
};

}  // namespace anyctx::engine
