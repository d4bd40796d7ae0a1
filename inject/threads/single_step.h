// Single step: stops before each machine instruction of an operation. x86-64 only: by the trap
// flag.
#pragma once

#include <functional>

#include "inject/threads/trials.h"

namespace anyctx::inject {

/// False: this machine cannot.
bool can_single_step();

/// Runs the operation of `trials`, visiting each of its instructions. The turns of a
/// repeated string instruction count as one. One thread at a time. CHECKs
/// can_single_step().
void try_each_instruction(Trials& trials);

}  // namespace anyctx::inject
