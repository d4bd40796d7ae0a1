// The storage target: values of owners in maps, and the ends of both.
#pragma once

#include "fuzzers/engine/target.h"

namespace anyctx::target {

engine::Target storage_target();

}  // namespace anyctx::target
