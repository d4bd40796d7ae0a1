// hand_out: the last step of every allocation. Source: Linux 7.3 mm/slub.c (slab_post_alloc_hook).
#pragma once

#include <cstring>

#include "lib/slab/slab_source.h"

namespace anyctx::slab {

/// The object becomes its user's. All of it is cleared if the request says so, but not what belongs
/// to the red zone.
template <machine::Machine M>
void hand_out(Cache<M>& cache, const Request& request, void* object) {
  cache.mark_used(object);
  if (!has(request.gfp, page::gfp::zero)) [[likely]]
    return;
  const bool all = cache.layout().size_offset == 0;
  std::memset(object, 0, all ? cache.object_size() : request.size);
}

}  // namespace anyctx::slab
