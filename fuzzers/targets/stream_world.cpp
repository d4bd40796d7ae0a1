#include "fuzzers/targets/stream_world.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "fuzzers/engine/target.h"
#include "fuzzers/targets/stream_schema.h"
#include "inject/sim/unwatched.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::VerdictKind;

namespace {

constexpr std::uint32_t kEverything = 1u << 20;

Outcome failure(int error) {
  return {Outcome::Kind::failed, static_cast<std::uint64_t>(-error)};
}

}  // namespace

void StreamWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kStreamSchema, program, name);
  };
  subject_->reset({.page_count = value("pages"),
                   .encoded_freelist = value("encoded") != 0,
                   .debug = CacheDebug::of(value("debug")),
                   .sheaves = value("design") != 0});
  log_.reset();
  users_.open();
  capacity_ = value("capacity");
  closed_ = false;
  is_open_ = create();
}

bool StreamWorld::create() {
  told_ = 0;
  return subject_->create({.capacity = capacity_, .notify = notify, .owner = this});
}

void StreamWorld::destroy() {
  if (!is_open_) return;
  subject_->destroy();
  is_open_ = false;
  log_.forget_unread();
}

Outcome StreamWorld::perform(const program::Op& op, Lane) {
  if (closed_ || !is_open_) {
    const bool can_create = static_cast<StreamOp>(op.code) == StreamOp::recreate && !closed_;
    if (!can_create) return {Outcome::Kind::vacuous};
  }
  users_.enter();
  const Outcome outcome = dispatch(op);
  users_.leave();
  return outcome;
}

Outcome StreamWorld::dispatch(const program::Op& op) {
  const auto& args = op.args;
  switch (static_cast<StreamOp>(op.code)) {
    case StreamOp::print:
      return print(args[0]);
    case StreamOp::commit:
      return commit(args[0], args[1]);
    case StreamOp::discard:
      return discard(args[0], args[1]);
    case StreamOp::read:
      return read(args[0], args[1]);
    case StreamOp::read_all:
      return read_all();
    case StreamOp::churn:
      return churn(args[0]);
    case StreamOp::recreate:
      return recreate();
  }
  return {Outcome::Kind::vacuous};
}

// Writers.

Outcome StreamWorld::print(std::uint32_t length) {
  const Log::Batch batch = log_.begin_batch();
  const Log::Piece piece = batch == Log::kNone ? Log::kNone : log_.make_piece(length);
  if (piece == Log::kNone) return {Outcome::Kind::vacuous};
  std::byte text[600];
  Log::fill(piece, text, length);
  log_.add(batch, piece);
  const Before before = look();
  log_.begin_commit(batch);
  const int result = subject_->push(text, length);
  if (result == -E2BIG || result == -ENOMEM) {
    report(log_.end_commit(batch, false));
    judge_piece(before, result, length);
    return failure(result);
  }
  judge_piece(before, 0, length);
  judge_commit(before, batch, result);
  return result == 0 ? Outcome{} : failure(result);
}

Outcome StreamWorld::commit(std::uint32_t count, std::uint32_t length) {
  const Log::Batch batch = log_.begin_batch();
  if (batch == Log::kNone) return {Outcome::Kind::vacuous};
  StageStorage storage;
  subject_->stage_init(storage);
  const std::uint32_t staged = stage(storage, batch, count, length);
  const Before before = look();
  log_.begin_commit(batch);
  const int result = subject_->stage_commit(storage);
  judge_commit(before, batch, result);
  if (result != 0) return failure(result);
  return {staged != 0 || count == 0 ? Outcome::Kind::done : Outcome::Kind::failed, staged};
}

Outcome StreamWorld::discard(std::uint32_t count, std::uint32_t length) {
  const Log::Batch batch = log_.begin_batch();
  if (batch == Log::kNone) return {Outcome::Kind::vacuous};
  StageStorage storage;
  subject_->stage_init(storage);
  const std::uint32_t staged = stage(storage, batch, count, length);
  subject_->stage_free(storage);
  return {Outcome::Kind::done, staged};
}

/// How many pieces were added. Those for which there is no memory are left out, as by a caller who
/// ignores that.
std::uint32_t StreamWorld::stage(StageStorage& stage, Log::Batch batch, std::uint32_t count,
                                 std::uint32_t length) {
  std::uint32_t staged = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Log::Piece piece = log_.make_piece(length);
    if (piece == Log::kNone) break;
    std::byte text[600];
    Log::fill(piece, text, length);
    const Before before = look();
    const int result = subject_->stage_add(stage, text, length);
    judge_piece(before, result, length);
    if (result != 0) continue;
    log_.add(batch, piece);
    ++staged;
  }
  return staged;
}

// Readers.

Outcome StreamWorld::read(std::uint32_t most, std::uint32_t fault) {
  Reader reader{.world = this, .fault = fault};
  const Log::Read begun = log_.begin_read();
  const int result = subject_->read(most, copy, &reader);
  const bool has_failed = fault != 0 && reader.copies == fault;
  const int expected = has_failed && reader.bytes == 0 ? -EFAULT : static_cast<int>(reader.bytes);
  if (result != expected) {
    simulation_.stop(VerdictKind::error_code, "a read tells how much text the reader got",
                     fmt::format("{}", expected), fmt::format("{}", result));
  }
  if (reader.bytes > most) {
    simulation_.stop(VerdictKind::error_code, "a reader gets no more than he asked for",
                     fmt::format("at most {} bytes", most), fmt::format("{}", reader.bytes));
  }
  if (!has_failed && reader.bytes < most) report(log_.end_read(begun, reader.bytes));
  judge_used();
  return result < 0 ? failure(result) : Outcome{Outcome::Kind::done, reader.bytes};
}

Outcome StreamWorld::read_all() {
  const Outcome outcome = read(kEverything, 0);
  return {outcome.result != 0 ? Outcome::Kind::done : Outcome::Kind::vacuous, outcome.result};
}

/// Called by the stream, for one reader at a time.
bool StreamWorld::copy(void* argument, const char* text, std::uint32_t bytes) {
  const inject::Unwatched unwatched;
  Reader& reader = *static_cast<Reader*>(argument);
  StreamWorld& world = *reader.world;
  if (++reader.copies == reader.fault) return false;
  world.report(world.log_.take(reinterpret_cast<const std::byte*>(text), bytes));
  reader.bytes += bytes;
  return true;
}

/// In a hard interrupt, or in who waits for one.
void StreamWorld::notify(void* argument) {
  const inject::Unwatched unwatched;
  StreamWorld& world = *static_cast<StreamWorld*>(argument);
  if (!world.is_open_) {
    world.simulation_.stop(VerdictKind::use_after_destroy, "a stream that is gone tells nothing",
                           "nothing", "that there is text");
  }
  world.told_ = world.log_.now();
}

// The rest.

/// Others use memory of the same sizes, and leave it dirty.
Outcome StreamWorld::churn(std::uint32_t count) {
  std::uint32_t served = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t size = i % 2 == 0 ? 32 : 64;
    void* const object = subject_->kmalloc_nolock(size);
    if (object == nullptr) continue;
    ++served;
    std::memset(object, 0xee, size);
    subject_->kfree_nolock(object);
  }
  return {served != 0 ? Outcome::Kind::done : Outcome::Kind::failed, served};
}

/// With what was not read. Nobody else may use it.
Outcome StreamWorld::recreate() {
  if (users_.count() != 1) return {Outcome::Kind::vacuous};
  closed_ = true;
  destroy();
  is_open_ = create();
  closed_ = false;
  return {is_open_ ? Outcome::Kind::done : Outcome::Kind::failed};
}

void StreamWorld::finish() {
  closed_ = true;
  if (is_open_) {
    if (log_.has_untouched() && told_ <= log_.last_empty()) {
      simulation_.stop(VerdictKind::no_progress, "who waits for text is told that there is some",
                       "told", "nothing");
    }
    subject_->deferred_work_barrier();
    judge_used();
    judge_live(std::int64_t{log_.unread_pieces()} + 1);
    static_cast<void>(read(kEverything, 0));
    judge_used();
  }
  destroy();
  subject_->deferred_work_barrier();
  judge_live(0);
  if (const std::string_view wrong = subject_->audit(); !wrong.empty()) {
    simulation_.stop(VerdictKind::structure, "structures are sound", "sound", std::string(wrong));
  }
}

}  // namespace anyctx::target
