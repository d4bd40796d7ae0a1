// Accesses of ArenaWorld: by programs, kernel code and users.
#include <algorithm>

#include "fuzzers/targets/arena_places.h"
#include "fuzzers/targets/arena_world.h"
#include "inject/sim/unwatched.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Watched;

/// The word that a write writes is the only one of its kind.
ArenaAccess ArenaWorld::access_of(std::uint64_t address, std::uint32_t flags) {
  ArenaAccess access;
  const model::ArenaGeometry arena = scene_.geometry();
  access.slot = std::min(arena.slot(address), scene_.shadow.size());
  access.kernel_page = static_cast<std::uint32_t>(address) >> arena.page_shift;
  access.write = (flags & access_flag::write) != 0;
  if (access.write) access.word = ++words_;
  return access;
}

Outcome ArenaWorld::program_access(const Args& args) {
  const model::ArenaGeometry arena = scene_.geometry();
  const std::uint64_t address = place(arena, args[0], place_flags(args[1]));
  const ArenaAccess access = access_of(address, args[1]);
  ArenaCall call = scene_.begin_call();
  const SlotBefore before = slot_before(scene_, access);
  std::byte* memory = nullptr;
  {
    const Watched watched;
    memory = subject_->program_access(kMain, address, access.write);
  }
  scene_.end_call(call);
  judge_program_access(scene_, call, access, before, memory);
  return {memory != nullptr ? Outcome::Kind::done : Outcome::Kind::failed};
}

Outcome ArenaWorld::kernel_access(const Args& args) {
  const model::ArenaGeometry arena = scene_.geometry();
  if (!arena.is_placed()) return {Outcome::Kind::vacuous};
  const std::uint64_t address = place(arena, args[0], place_flags(args[1]));
  const ArenaAccess access = access_of(address, args[1]);
  ArenaCall call = scene_.begin_call();
  const SlotBefore before = slot_before(scene_, access);
  std::byte* memory = nullptr;
  {
    const Watched watched;
    memory = subject_->kernel_access(kMain, address);
  }
  scene_.end_call(call);
  judge_kernel_access(scene_, call, access, before, true, memory);
  return {memory != nullptr ? Outcome::Kind::done : Outcome::Kind::failed};
}

Outcome ArenaWorld::touch(const Args& args) {
  const unsigned process = args[0] % options_.processes;
  const model::ArenaGeometry arena = scene_.geometry();
  const std::uint64_t address =
      place(arena, args[1], place_flags(args[2])) & ~(arena.page_bytes() - 1);
  const bool inside = address >= arena.user_start && address < arena.user_end;
  ArenaAccess access = access_of(address, args[2]);
  // Who ends has no thread left that could touch anything.
  Process& own = processes_[process];
  if (own.changing) return {Outcome::Kind::vacuous};
  ++own.touching;
  ArenaCall call = scene_.begin_call();
  const bool has_vma = own.mapped && inside;
  const SlotBefore before = slot_before(scene_, access);
  TouchResult result;
  {
    const Watched watched;
    result = subject_->touch(process, address, access.write);
  }
  scene_.end_call(call);
  --own.touching;
  const bool segv = (attributes_.map_flags & model::map_flag::segv_on_fault) != 0;
  judge_touch(scene_, look_, call, access, before, has_vma, segv, result);
  return {result.kind == TouchResult::Kind::done ? Outcome::Kind::done : Outcome::Kind::failed};
}

}  // namespace anyctx::target
