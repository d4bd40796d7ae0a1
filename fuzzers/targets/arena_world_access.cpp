// Accesses of ArenaWorld: by programs, kernel code and users.
#include <algorithm>

#include "fuzzers/targets/arena_places.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {

using engine::Outcome;

namespace {

constexpr std::int64_t kDisplacement = 32768;  // the farthest that an instruction can go

/// From the beginning of the kernel's mapping.
std::int64_t offset_of(const model::ArenaGeometry& arena, std::uint32_t page, std::uint32_t flags) {
  const auto bytes =
      static_cast<std::int64_t>((std::uint64_t{page} << arena.page_shift) % kDisplacement);
  if ((flags & access_flag::low_guard) != 0) return -bytes - 1;
  if ((flags & access_flag::high_guard) != 0) {
    return static_cast<std::int64_t>(model::ArenaGeometry::kWindow) + bytes;
  }
  return static_cast<std::int64_t>(place(arena, page, place_flags(flags)) & 0xffff'ffff);
}

}  // namespace

/// The word that a write writes is the only one of its kind.
ArenaAccess ArenaWorld::access_of(std::int64_t offset, bool write) {
  const model::ArenaGeometry arena = scene_.geometry();
  ArenaAccess access;
  access.slot = scene_.shadow.size();
  if (offset >= 0 && static_cast<std::uint64_t>(offset) < model::ArenaGeometry::kWindow) {
    access.slot = std::min(arena.slot(static_cast<std::uint64_t>(offset)), access.slot);
  }
  access.kernel_page = offset >> arena.page_shift;
  access.write = write;
  if (write) access.word = ++words_;
  return access;
}

Outcome ArenaWorld::program_access(const Args& args) {
  const std::int64_t offset = offset_of(scene_.geometry(), args[0], args[1]);
  const ArenaAccess access = access_of(offset, (args[1] & access_flag::write) != 0);
  ArenaCall call = scene_.begin_call();
  const SlotBefore before = slot_before(scene_, access);
  std::byte* const memory = subject_->program_access(kMain, offset, access.write);
  scene_.end_call(call);
  judge_program_access(scene_, call, access, before, memory);
  return {memory != nullptr ? Outcome::Kind::done : Outcome::Kind::failed};
}

Outcome ArenaWorld::kernel_access(const Args& args) {
  const model::ArenaGeometry arena = scene_.geometry();
  if (!arena.is_placed()) return {Outcome::Kind::vacuous};
  const std::int64_t offset = offset_of(arena, args[0], args[1]);
  const ArenaAccess access = access_of(offset, (args[1] & access_flag::write) != 0);
  ArenaCall call = scene_.begin_call();
  const SlotBefore before = slot_before(scene_, access);
  std::byte* const memory = subject_->kernel_access(kMain, offset);
  scene_.end_call(call);
  judge_kernel_access(scene_, call, access, before, arena.has_tables(offset), memory);
  return {memory != nullptr ? Outcome::Kind::done : Outcome::Kind::failed};
}

Outcome ArenaWorld::touch(const Args& args) {
  const unsigned process = args[0] % options_.processes;
  const model::ArenaGeometry arena = scene_.geometry();
  const std::uint64_t address =
      place(arena, args[1], place_flags(args[2])) & ~(arena.page_bytes() - 1);
  const bool inside = address >= arena.user_start && address < arena.user_end;
  const ArenaAccess access = access_of(static_cast<std::int64_t>(address & 0xffff'ffff),
                                       (args[2] & access_flag::write) != 0);
  // Who ends has no thread left that could touch anything.
  Process& own = processes_[process];
  if (own.changing) return {Outcome::Kind::vacuous};
  ++own.touching;
  ArenaCall call = scene_.begin_call();
  const bool has_vma = own.mapped && inside;
  const SlotBefore before = slot_before(scene_, access);
  TouchJudge judge(scene_, call, access, before);
  const TouchResult result = subject_->touch(process, address, access.write, judge);
  scene_.end_call(call);
  --own.touching;
  const bool segv = (attributes_.map_flags & model::map_flag::segv_on_fault) != 0;
  judge_touch(scene_, look_, call, access, before, has_vma, segv, result);
  return {result == TouchResult::done ? Outcome::Kind::done : Outcome::Kind::failed};
}

}  // namespace anyctx::target
