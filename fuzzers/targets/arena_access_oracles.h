// Oracles of accesses: by programs and kernel code through a CPU's TLB, by users through their page
// tables.
#pragma once

#include "fuzzers/targets/arena_look.h"

namespace anyctx::target {

/// One access to the kernel's mapping or to the user's. `slot`: past the last one if the page is
/// none of the arena's.
struct ArenaAccess {
  std::uint32_t slot = 0;
  std::int64_t kernel_page = 0;
  bool write = false;
  std::uint64_t word = 0;  // to be written
};

/// What was mapped there before the call.
struct SlotBefore {
  bool mapped = false;
  bool scratch = false;
  ArenaPage page = kNoArenaPage;
};
SlotBefore slot_before(const ArenaScene& scene, const ArenaAccess& access);

/// A program's access led to `memory`, or faulted (null).
void judge_program_access(ArenaScene& scene, const ArenaCall& call, const ArenaAccess& access,
                          const SlotBefore& before, std::byte* memory);

/// The same for kernel code, which is let through where nothing is mapped. `covered`: the address
/// is one that the arena's mapping can have.
void judge_kernel_access(ArenaScene& scene, const ArenaCall& call, const ArenaAccess& access,
                         const SlotBefore& before, bool covered, std::byte* memory);

/// A user's access at the moment at which it happens.
class TouchJudge final : public TouchListener {
 public:
  TouchJudge(ArenaScene& scene, const ArenaCall& call, const ArenaAccess& access,
             const SlotBefore& before)
      : scene_(scene), call_(call), access_(access), before_(before) {}
  void touched(std::byte* memory) override;

 private:
  ArenaScene& scene_;
  const ArenaCall& call_;
  const ArenaAccess& access_;
  const SlotBefore& before_;
};

/// What it came to. `has_vma`: of this process, there.
void judge_touch(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                 const ArenaAccess& access, const SlotBefore& before, bool has_vma, bool segv,
                 TouchResult result);

}  // namespace anyctx::target
