// The bpf_mem_alloc of the user's kernel sources as a MemAllocSubject.
#pragma once

#include <memory>

#include "fuzzers/targets/mem_alloc_subject.h"

namespace anyctx::target {

std::unique_ptr<MemAllocSubject> make_kernel_mem_alloc_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
