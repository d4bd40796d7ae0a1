// Processes of ArenaWorld: they map the arena, and go.
#include <algorithm>

#include "fuzzers/targets/arena_map_oracles.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {

using engine::Outcome;

namespace {

constexpr std::uint64_t kElsewhere = 1 << 20;  // bytes away

}  // namespace

/// Once no call is in progress. A removal from users' mappings keeps those of a process that ends.
void ArenaWorld::judge_mappings() {
  if (scene_.calls() == 0 && scene_.inspector().work_is_idle(kMain)) {
    const auto mapped = std::ranges::count(processes_, true, &Process::mapped);
    scene_.inspector().vmas(kMain, vmas_);
    judge_vmas(scene_, vmas_, static_cast<unsigned>(mapped));
  }
  look_.look();
}

Outcome ArenaWorld::mmap(const Args& args) {
  const std::uint32_t flags = args[1];
  const model::ArenaGeometry arena = scene_.geometry();
  const auto has = [=](std::uint32_t flag) { return (flags & flag) != 0; };
  model::MmapAsk ask;
  ask.address = arena.is_placed() ? arena.user_start : base_;
  ask.length = arena.is_placed() ? arena.user_end - arena.user_start : first_mapping_;
  if (ask.length == 0) ask.length = attributes_.max_entries << options_.page_shift;
  if (has(mmap_flag::elsewhere)) ask.address += kElsewhere;
  if (has(mmap_flag::anywhere)) ask.address = 0;
  if (has(mmap_flag::longer)) ask.length += arena.page_bytes();
  if (has(mmap_flag::shorter) && ask.length > arena.page_bytes()) ask.length -= arena.page_bytes();
  if (has(mmap_flag::huge)) ask.length = model::ArenaGeometry::kWindow + arena.page_bytes();
  ask.offset = has(mmap_flag::offset) ? 1 : 0;
  ask.shared = !has(mmap_flag::privately);
  // The model has room for what the parameters say.
  const std::uint64_t pages = ask.length >> options_.page_shift;
  if (!arena.is_placed() && pages > scene_.shadow.size()) return {Outcome::Kind::vacuous};
  return mmap(args[0] % options_.processes, ask);
}

Outcome ArenaWorld::mmap(unsigned process, const model::MmapAsk& ask) {
  Process& own = processes_[process];
  if (own.changing) return {Outcome::Kind::vacuous};
  own.changing = true;
  const model::ArenaGeometry before = scene_.geometry();
  ArenaCall call = scene_.begin_call();
  const std::int64_t result = subject_->mmap(kMain, process, ask);
  scene_.end_call(call);
  judge_mmap(scene_, call, before, ask, own.mapped, result);
  if (result >= 0) own.mapped = true;
  own.changing = false;
  judge_mappings();
  if (result < 0) return {Outcome::Kind::failed, static_cast<std::uint64_t>(-result)};
  return {};
}

Outcome ArenaWorld::munmap(unsigned process) {
  Process& own = processes_[process];
  if (!own.mapped || own.changing) return {Outcome::Kind::vacuous};
  own.changing = true;
  const model::ArenaGeometry arena = scene_.geometry();
  ArenaCall call = scene_.begin_call();
  own.mapped = false;
  const int result = subject_->munmap(process, arena.user_start, arena.user_end - arena.user_start);
  scene_.end_call(call);
  own.changing = false;
  judge_answer(scene_, "all of a mapping can be unmapped", 0, result);
  judge_mappings();
  return {};
}

Outcome ArenaWorld::fork(unsigned parent, unsigned child) {
  Process& from = processes_[parent];
  Process& to = processes_[child];
  if (parent == child || to.mapped || to.touching != 0 || from.changing || to.changing) {
    return {Outcome::Kind::vacuous};
  }
  from.changing = to.changing = true;
  ArenaCall call = scene_.begin_call();
  subject_->fork(parent, child);
  scene_.end_call(call);
  from.changing = to.changing = false;
  judge_mappings();  // the child has none
  return {};
}

Outcome ArenaWorld::exit(unsigned process) {
  Process& own = processes_[process];
  if (own.changing || own.touching != 0) return {Outcome::Kind::vacuous};
  own.changing = true;
  ArenaCall call = scene_.begin_call();
  own.mapped = false;
  subject_->exit(process);
  scene_.end_call(call);
  own.changing = false;
  judge_mappings();
  return {};
}

}  // namespace anyctx::target
