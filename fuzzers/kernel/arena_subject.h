// The arena of the user's kernel sources as an ArenaSubject.
#pragma once

#include <memory>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/targets/arena_subject.h"

namespace anyctx::target {

/// `contract` says how it is judged, is read at each reset(), and is not owned.
std::unique_ptr<ArenaSubject> make_kernel_arena_subject(inject::Simulation& simulation,
                                                        const KernelContract& contract);

}  // namespace anyctx::target
