// The arena of lib/bpf as a subject.
#include "fuzzers/targets/arena_subject.h"

namespace anyctx::target {

std::unique_ptr<ArenaSubject> make_own_arena_subject(inject::Simulation&) {
  return nullptr;
}

}  // namespace anyctx::target
