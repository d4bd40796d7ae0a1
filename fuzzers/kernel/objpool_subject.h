// The object pool of the user's kernel sources as an ObjPoolSubject.
#pragma once

#include <memory>

#include "fuzzers/targets/objpool_subject.h"

namespace anyctx::target {

std::unique_ptr<ObjPoolSubject> make_kernel_objpool_subject();

}  // namespace anyctx::target
