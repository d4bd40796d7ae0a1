// The resilient queued spinlock of the user's kernel sources as a RqSpinLockSubject.
#pragma once

#include <memory>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/targets/rqspinlock_subject.h"

namespace anyctx::target {

/// `contract` says how it is judged, is read at each reset(), and is not owned.
std::unique_ptr<RqSpinLockSubject> make_kernel_rqspinlock_subject(const KernelContract& contract);

}  // namespace anyctx::target
