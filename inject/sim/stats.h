// Stats: what runs exercised. Accumulated over runs until cleared.
#pragma once

#include <array>
#include <cstdint>

#include "inject/choice/decision.h"
#include "lib/machine/context.h"
#include "lib/machine/site.h"

namespace anyctx::inject {

inline constexpr unsigned kContexts = 4;

struct Stats {
  template <class T>
  using ByPoint = std::array<T, machine::kMaxPoints>;

  std::array<ByPoint<std::uint64_t>, kContexts> reached{};   // visits by context and point
  std::array<ByPoint<std::uint64_t>, kContexts> injected{};  // failures by decision
  std::array<ByPoint<std::uint64_t>, kContexts> failed{};    // failures: the condition held
  std::array<ByPoint<std::uint64_t>, kLaneKinds> entered{};  // handlers, by kind and point
  std::array<std::uint64_t, kActionKinds> actions{};         // decisions taken, by kind
  std::array<std::uint64_t, kContexts> ops{};                // operations begun, by context
  std::uint64_t reentries = 0;                               // handlers entered as probe programs
  std::uint64_t ignored = 0;  // scripted decisions that were not legal where they applied
  std::uint64_t points = 0;   // visits in all
  std::uint64_t runs = 0;
};

}  // namespace anyctx::inject
