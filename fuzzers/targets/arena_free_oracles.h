// Oracles of free_pages and reserve_pages.
#pragma once

#include "fuzzers/targets/arena_look.h"

namespace anyctx::target {

/// What `range` was is to be over: free_pages() of these slots returned. Tells the model.
void judge_free(ArenaScene& scene, ArenaLook& look, const ArenaCall& call, model::SlotRange range,
                bool sleepable);

/// reserve_pages(pointer, count) returned `result`. Tells the model.
void judge_reservation(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                       std::uint64_t pointer, std::uint32_t count, int result);

}  // namespace anyctx::target
