// Schema: the one table that says what a target's programs may contain.
//
// Text form, binary form, mutator and `anyctx points` are all driven by it; nothing else knows the
// names. Rows are appended, never reordered or reused, so that old corpora keep their meaning.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "inject/choice/decision.h"
#include "lib/machine/site.h"

namespace anyctx::program {

/// A machine or target parameter: part of the program, never of the environment.
struct ParamSpec {
  std::string_view name;
  std::uint32_t min = 0;
  std::uint32_t max = 1;
  std::uint32_t fallback = 0;  // the default, not printed
  // If given: one word per value, from min on ("no", "yes"). Otherwise values are decimal numbers.
  std::span<const std::string_view> words = {};
};

enum class ArgKind : std::uint8_t {
  number,  // min..max, decimal
  choice,  // one of `values`; any other value in min..max is allowed too
  flags,   // a set of `words`, printed "a|b", "0" if empty
  slot,    // a place that holds results of earlier operations, a..z; `values`: codes of those
           // whose results are taken, if not of all
  index,   // a small number with a word before it: "cache2"
};

struct ArgSpec {
  std::string_view name;
  ArgKind kind = ArgKind::number;
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  std::span<const std::uint32_t> values = {};    // choice, slot: interesting ones, for generation
  std::span<const std::string_view> words = {};  // flags: bit i is words[i]; index: words[0]
  bool optional = false;                         // printed as name=value, only if not `fallback`
  std::uint32_t fallback = 0;
};

inline constexpr unsigned kMaxArgs = 4;
inline constexpr unsigned kSlots = 26;

/// Which kinds of lanes may contain an operation: one bit per LaneKind.
using LaneMask = std::uint8_t;
constexpr LaneMask in(inject::LaneKind kind) {
  return static_cast<LaneMask>(1u << static_cast<unsigned>(kind));
}
inline constexpr LaneMask kNoLane = 0;  // the subject has no such operation
inline constexpr LaneMask kAnyContext = 0x1f;
inline constexpr LaneMask kTaskOnly = in(inject::LaneKind::task);
/// Everything that may spin but not sleep: tasks, softirqs and hard interrupts.
inline constexpr LaneMask kMaySpin =
    in(inject::LaneKind::task) | in(inject::LaneKind::softirq) | in(inject::LaneKind::irq);

/// One operation of a target's API.
struct OpSpec {
  std::string_view name;
  LaneMask lanes = kAnyContext;
  bool nolock = false;                 // must never wait: judged as a nolock operation
  bool has_result = false;             // "a = name(...)": the result is pushed into slot a
  std::span<const ArgSpec> args = {};  // at most kMaxArgs
  unsigned weight = 4;                 // how often generation picks it, relative to the others
  // Nolock operations, and only they: own steps within which each is done, whatever others do or
  // leave undone. Four times the most that a sweep of the corpus or 6,000 random programs took, or
  // more; at most 20,000, which leaves the longest ones, of 8,200, a factor of 2.4.
  std::uint32_t most_steps = 0;
};

/// Everything about a target that a program can mention.
struct Schema {
  std::string_view target;
  std::uint8_t id;                    // stored in the binary form; never reused
  std::span<const ParamSpec> params;  // at most kMaxParams
  std::span<const OpSpec> ops;        // at most 256
  std::span<const std::span<const machine::SiteInfo>> sites;  // of all layers the target uses
};

}  // namespace anyctx::program
