#include "fuzzers/native/arena_sweep.h"

#include "fuzzers/native/arena_scene.h"

namespace anyctx::native {

void sweep_arena(const SweepDone& done) {
  sweep_play<ArenaPlay>("", done);
}

}  // namespace anyctx::native
