// Oracles of alloc_pages: what a null must have for a reason, what a pointer must lead to, and what
// remains of an allocation that failed half-way.
#pragma once

#include "fuzzers/targets/arena_look.h"

namespace anyctx::target {

struct ArenaRequest {
  std::uint64_t address = 0;
  std::uint32_t count = 1;
  bool bad_arguments = false;  // flags or node
  bool sleepable = false;
  model::ArenaAsk ask;
};

/// The call returned `pointer`. Tells the model; `range`: the slots that were given, if any.
void judge_allocation(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                      const ArenaRequest& request, std::uint64_t pointer, model::SlotRange& range);

}  // namespace anyctx::target
