// Beginning and end of ArenaWorld's arenas, and their operations as maps.
#include <algorithm>

#include "fuzzers/targets/arena_free_oracles.h"
#include "fuzzers/targets/arena_map_oracles.h"
#include "fuzzers/targets/arena_places.h"
#include "fuzzers/targets/arena_world.h"

namespace anyctx::target {

using engine::Outcome;

namespace {

constexpr std::uint64_t kLine = model::ArenaGeometry::kWindow;
constexpr std::uint64_t kUpperHalf = 0x7f7d'0000'0000;
constexpr std::uint64_t kMiddle = 0x2620'0000;
constexpr std::uint32_t kMoreSlots = 8;

/// Where an arena of this length is to be.
std::uint64_t base_of(ArenaBase base, std::uint64_t bytes) {
  if (base == ArenaBase::top && bytes < kLine) return kUpperHalf + kLine - bytes;
  if (base == ArenaBase::middle && bytes <= kLine - kMiddle) return kUpperHalf + kMiddle;
  return kUpperHalf;
}

}  // namespace

void ArenaWorld::read_parameters(const program::Program& program) {
  const auto param = [&](ArenaParam index) { return program.params[static_cast<unsigned>(index)]; };
  const bool large_pages = param(ArenaParam::page_size) != 0;
  options_.page_shift = large_pages ? 16 : 12;
  options_.pages = large_pages ? 64 + param(ArenaParam::pages) / 8 : param(ArenaParam::pages);
  options_.batch = param(ArenaParam::batch);
  options_.always_null = param(ArenaParam::no_objects) != 0;
  options_.processes = param(ArenaParam::processes);

  attributes_ = {};
  attributes_.max_entries = param(ArenaParam::entries);
  const auto extent = static_cast<ArenaExtent>(param(ArenaParam::extent));
  if (extent == ArenaExtent::all) attributes_.max_entries = kLine >> options_.page_shift;
  if (extent == ArenaExtent::large && !large_pages) {
    attributes_.max_entries = kLargeEntries;
    options_.pages = kMostArenaPages;
  }
  if (param(ArenaParam::segv) != 0) attributes_.map_flags |= model::map_flag::segv_on_fault;

  const auto mapping = static_cast<ArenaMapping>(param(ArenaParam::mapping));
  std::uint64_t slots = attributes_.max_entries;
  const bool placed = param(ArenaParam::placed) != 0;
  if (!placed && mapping == ArenaMapping::longer && extent == ArenaExtent::entries)
    slots += kMoreSlots;
  if (!placed && mapping == ArenaMapping::shorter) slots = (slots + 1) / 2;
  const std::uint64_t bytes = slots << options_.page_shift;
  base_ = base_of(static_cast<ArenaBase>(param(ArenaParam::base)), bytes);
  if (placed) attributes_.map_extra = base_;
  first_mapping_ = mapping == ArenaMapping::none ? 0 : bytes;
}

void ArenaWorld::setup(const program::Program& program) {
  read_parameters(program);
  watch_.reset();
  subject_->reset(options_, &watch_);
  scene_.reset(subject_->strictness());
  slots_.clear();
  words_ = 0;
  other_busy_ = renewing_ = false;
  processes_ = {};
  stock_ = scene_.inspector().stock();
  look_.reset(stock_);
  create(kMain, attributes_, &stock_);
  if (scene_.exists() && first_mapping_ != 0) mmap(0, {base_, first_mapping_, 0, true});
}

Outcome ArenaWorld::create(unsigned arena, const model::ArenaAttributes& attributes,
                           const ArenaStock* before) {
  ArenaCall call = scene_.begin_call();
  const int result = subject_->map_create(arena, attributes);
  scene_.end_call(call);
  // What is being freed is nowhere.
  if (result != 0 && before != nullptr && !trim_alone()) before = nullptr;
  judge_creation(scene_, call, arena, attributes, options_.page_shift, result, before);
  if (result != 0) return {Outcome::Kind::failed, static_cast<std::uint64_t>(-result)};
  watch_.exists(arena, true);
  if (arena == kMain) {
    const std::uint64_t mapped = first_mapping_ >> options_.page_shift;
    scene_.created(static_cast<std::uint32_t>(std::max(attributes.max_entries, mapped)));
  }
  return {};
}

/// True if nothing else happened meanwhile.
bool ArenaWorld::trim_alone() {
  ArenaCall call = scene_.begin_call();
  subject_->trim();
  scene_.end_call(call);
  return call.alone;
}

Outcome ArenaWorld::map_create(const Args& args) {
  if (other_busy_) return {Outcome::Kind::vacuous};
  other_busy_ = true;
  const auto has = [&](std::uint32_t flag) { return (args[1] & flag) != 0; };
  model::ArenaAttributes attributes;
  attributes.max_entries = args[0];
  attributes.key_size = has(create_flag::key) ? 4 : 0;
  attributes.value_size = has(create_flag::value) ? 8 : 0;
  if (has(create_flag::not_mmapable)) attributes.map_flags = 0;
  if (has(create_flag::segv)) attributes.map_flags |= model::map_flag::segv_on_fault;
  if (has(create_flag::unknown)) attributes.map_flags |= 1;
  if (has(create_flag::placed)) attributes.map_extra = base_;
  if (has(create_flag::crossing)) {
    attributes.map_extra = kUpperHalf + kLine - (std::uint64_t{1} << options_.page_shift);
  }
  if (has(create_flag::unaligned)) attributes.map_extra += kUnalignedBytes;
  // What a worker does meanwhile could not be told from what is left behind.
  const bool comparable = scene_.calls() == 0 && !scene_.doomed && !simulation_.is_working();
  const ArenaStock before = comparable ? scene_.inspector().stock() : ArenaStock{};
  const Outcome outcome = create(kOther, attributes, comparable ? &before : nullptr);
  if (outcome.kind == Outcome::Kind::done) destroy(kOther);
  other_busy_ = false;
  return outcome;
}

/// Nobody else knows the arena any more.
void ArenaWorld::destroy(unsigned arena) {
  watch_.suspend(!scene_.strictness().destroy_unmaps_first);
  ArenaCall call = scene_.begin_call();
  subject_->map_destroy(arena);
  scene_.end_call(call);
  watch_.suspend(false);
  watch_.exists(arena, false);
  judge_end(scene_, call, arena);
}

void ArenaWorld::destroy_main() {
  scene_.destroyed();  // operations that come in from here on find no arena
  for (unsigned process = 0; process < options_.processes; ++process) {
    if (processes_[process].mapped) munmap(process);
  }
  slots_.clear();
  destroy(kMain);
}

Outcome ArenaWorld::map_destroy() {
  if (scene_.calls() != 0 || other_busy_ || renewing_) return {Outcome::Kind::vacuous};
  renewing_ = true;
  const Outcome outcome = renew();
  renewing_ = false;
  return outcome;
}

Outcome ArenaWorld::renew() {
  if (scene_.exists()) {
    destroy_main();
    judge_nothing_left();
  }
  return create(kMain, attributes_, &stock_);
}

void ArenaWorld::judge_nothing_left() {
  subject_->trim();
  judge_stock(scene_, stock_, "nothing is left of an arena that is gone");
}

Outcome ArenaWorld::map_op(unsigned op) {
  const auto map_op = static_cast<model::MapOp>(op);
  judge_answer(scene_, "an arena has no elements", model::map_op_error(map_op),
               subject_->map_op(kMain, map_op));
  return {};
}

Outcome ArenaWorld::direct_value(const Args& args) {
  const model::ArenaGeometry arena = scene_.geometry();
  const bool back = (args[1] & access_flag::from_end) != 0;
  const std::uint64_t bytes = std::uint64_t{args[0]} << arena.page_shift;
  const std::uint64_t range = arena.user_end - arena.user_start;
  std::uint64_t offset = back ? range - bytes : bytes;
  if ((args[1] & access_flag::unaligned) != 0) offset += kUnalignedBytes;
  const auto narrow = static_cast<std::uint32_t>(offset);
  std::uint64_t address = 0;
  ArenaCall call = scene_.begin_call();
  const int result = subject_->direct_value_address(kMain, narrow, address);
  scene_.end_call(call);
  if (!call.alone) return {};
  judge_answer(scene_, "a constant address is within the arena", narrow < range ? 0 : -ERANGE,
               result);
  if (result == 0) {
    judge_answer(scene_, "a constant address is relative to the arena's beginning",
                 static_cast<std::int64_t>(arena.user_start), static_cast<std::int64_t>(address));
  }
  return {};
}

Outcome ArenaWorld::mem_usage() {
  ArenaCall call = scene_.begin_call();
  const std::uint64_t bytes = subject_->mem_usage(kMain);
  scene_.end_call(call);
  if (call.quiet) {
    const std::uint64_t pages = scene_.inspector().counter(kMain);
    judge_answer(scene_, "an arena uses the memory of its pages",
                 static_cast<std::int64_t>(pages << options_.page_shift),
                 static_cast<std::int64_t>(bytes));
  }
  look_.look();
  return {Outcome::Kind::done, bytes};
}

void ArenaWorld::free_everything() {
  model::SlotRange range;
  while (slots_.take_any(range)) {
    free_at(scene_.geometry().address(range.first), range.count, range.first % 2 != 0);
  }
  if (scene_.geometry().is_placed()) {
    free_at(scene_.geometry().user_start, scene_.geometry().pages(), true);
  }
  subject_->drain(kMain);
  judge_rest(scene_);
  look_.look();
  if (!scene_.inspector().has_late_slots(kMain)) return;
  scene_.accuse(inject::VerdictKind::conservation, "slots that were freed late are free at last",
                "none", "some");
}

void ArenaWorld::finish() {
  if (scene_.exists()) {
    subject_->drain(kMain);
    judge_rest(scene_);
    look_.look();
    free_everything();
    destroy_main();
  }
  judge_nothing_left();
}

}  // namespace anyctx::target
