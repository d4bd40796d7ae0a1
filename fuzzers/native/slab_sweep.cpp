#include "fuzzers/native/slab_sweep.h"

#include "fuzzers/native/slab_scene.h"

namespace anyctx::native {

void sweep_slab(const SweepDone& done) {
  for (const SlabVariant& variant : kSlabVariants) {
    sweep_play<SlabPlay>(std::string(variant.name) + ": ", done, variant.config);
  }
}

}  // namespace anyctx::native
