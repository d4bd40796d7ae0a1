// The slab allocator of the user's kernel sources as a SlabSubject.
#pragma once

#include <memory>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/targets/slab_subject.h"

namespace anyctx::target {

/// `contract` says how it is judged, is read by each call, and is not owned.
std::unique_ptr<SlabSubject> make_kernel_slab_subject(inject::Simulation& simulation,
                                                      const KernelContract& contract);

}  // namespace anyctx::target
