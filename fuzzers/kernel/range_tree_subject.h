// The range tree of the user's kernel sources as a RangeTreeSubject.
#pragma once

#include <memory>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/targets/range_tree_subject.h"

namespace anyctx::target {

/// `contract` says how it is judged, is read at each reset(), and is not owned.
std::unique_ptr<RangeTreeSubject> make_kernel_range_tree_subject(inject::Simulation& simulation,
                                                                 const KernelContract& contract);

}  // namespace anyctx::target
