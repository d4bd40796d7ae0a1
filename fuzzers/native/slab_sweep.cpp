#include "fuzzers/native/slab_sweep.h"

#include <iterator>

#include "fuzzers/native/slab_scene.h"
#include "fuzzers/native/sweep_cases.h"

namespace anyctx::native {
namespace {

using machine::Native;

template <class M>
void prepare(SlabScene<M>& scene, std::size_t index) {
  kSlabCases<M>[index].prepare(scene);
  scene.hold();
}

SweepRow sweep_case(const SlabVariant& variant, std::size_t index, std::size_t interruption) {
  SweepRow row;
  row.what = std::string(variant.name) + ": " + kSlabCases<Native>[index].name + " / " +
             kSlabInterruptions<Native>[interruption].name;
  {
    SlabScene<Native> scene(variant.config);
    prepare(scene, index);
    try_instructions(row, scene, kSlabCases<Native>[index].operation,
                     kSlabInterruptions<Native>[interruption].run);
  }
  using inject::Threads;
  SlabScene<Threads> scene(variant.config);
  prepare(scene, index);
  try_points(row, scene, kSlabCases<Threads>[index].operation,
             kSlabInterruptions<Threads>[interruption].run);
  return row;
}

}  // namespace

void sweep_slab(const std::function<void(const SweepRow&)>& done) {
  for (const SlabVariant& variant : kSlabVariants) {
    for (std::size_t i = 0; i < std::size(kSlabCases<Native>); ++i) {
      for (std::size_t k = 0; k < std::size(kSlabInterruptions<Native>); ++k) {
        done(sweep_case(variant, i, k));
      }
    }
  }
}

}  // namespace anyctx::native
