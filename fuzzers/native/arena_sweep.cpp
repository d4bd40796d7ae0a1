#include "fuzzers/native/arena_sweep.h"

#include <iterator>

#include "fuzzers/native/arena_scene.h"
#include "fuzzers/native/sweep_cases.h"

namespace anyctx::native {
namespace {

using inject::Threads;
using machine::Native;

SweepRow sweep_case(std::size_t index, std::size_t interruption) {
  SweepRow row;
  row.what = std::string(kArenaCases<Native>[index].name) + " / " +
             kArenaInterruptions<Native>[interruption].name;
  {
    ArenaScene<Native> scene;
    kArenaCases<Native>[index].prepare(scene);
    try_instructions(row, scene, kArenaCases<Native>[index].operation,
                     kArenaInterruptions<Native>[interruption].run);
  }
  ArenaScene<Threads> scene;
  kArenaCases<Threads>[index].prepare(scene);
  try_points(row, scene, kArenaCases<Threads>[index].operation,
             kArenaInterruptions<Threads>[interruption].run);
  return row;
}

}  // namespace

void sweep_arena(const std::function<void(const SweepRow&)>& done) {
  for (std::size_t i = 0; i < std::size(kArenaCases<Native>); ++i) {
    for (std::size_t k = 0; k < std::size(kArenaInterruptions<Native>); ++k) done(sweep_case(i, k));
  }
}

}  // namespace anyctx::native
