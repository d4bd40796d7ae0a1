// The object pool of the user's kernel sources as an ObjPoolSubject.
#pragma once

#include <memory>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/targets/objpool_subject.h"

namespace anyctx::target {

/// `contract` says how it is judged, is read by each call, and is not owned.
std::unique_ptr<ObjPoolSubject> make_kernel_objpool_subject(const KernelContract& contract);

}  // namespace anyctx::target
