// Oracles of what concerns an arena as a whole: its creation and its end, its mappings, and the
// answers of its map operations.
#pragma once

#include "fuzzers/targets/arena_look.h"

namespace anyctx::target {

/// map_create() returned `result`. `before`: what was in use before, if that can be compared.
void judge_creation(const ArenaScene& scene, const ArenaCall& call, unsigned arena,
                    const model::ArenaAttributes& attributes, unsigned page_shift, int result,
                    const ArenaStock* before);

/// map_destroy() of the arena returned, with nothing else in progress. Whatever was on its way has
/// arrived.
void judge_end(const ArenaScene& scene, const ArenaCall& call, unsigned arena);

/// Nothing that arenas took is left. After trim().
void judge_stock(const ArenaScene& scene, const ArenaStock& before, std::string_view when);

/// mmap() by a process that has a mapping of the arena already, or not. `before`: the arena's place
/// before the call.
void judge_mmap(const ArenaScene& scene, const ArenaCall& call, const model::ArenaGeometry& before,
                const model::MmapAsk& ask, bool mapped, std::int64_t result);

/// I23: the arena knows as many mappings as processes have, all of them of the whole arena.
void judge_vmas(const ArenaScene& scene, const std::vector<model::VmaView>& vmas,
                unsigned processes);

/// I9, I25: nothing is in progress, and nothing waits for anybody.
void judge_rest(const ArenaScene& scene);

void judge_answer(const ArenaScene& scene, std::string_view what, std::int64_t expected,
                  std::int64_t found);

}  // namespace anyctx::target
