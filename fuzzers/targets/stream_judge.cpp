// StreamWorld: what results and numbers are judged by.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "fuzzers/targets/stream_world.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

constexpr std::uint32_t kMaxText = 512;

VerdictKind kind_of(model::Fault fault) {
  return fault == model::Fault::structure ? VerdictKind::structure : VerdictKind::conservation;
}

/// A fault that was asked for earlier may go on.
bool was_injected(const inject::Causes& causes) {
  return causes.count() > causes.kept().size() ||
         std::ranges::any_of(causes.kept(), &inject::Cause::injected);
}

}  // namespace

StreamWorld::Before StreamWorld::look() const {
  return {.alone = users_.count() == 1,
          .has_room = subject_->has_room(),
          .unread = log_.unread_bytes()};
}

/// The result of writing a piece, as far as its memory is concerned.
void StreamWorld::judge_piece(const Before& before, int result, std::uint32_t length) {
  const bool is_too_long = length > kMaxText;
  if (result != (is_too_long ? -E2BIG : 0) && (is_too_long || result != -ENOMEM)) {
    simulation_.stop(VerdictKind::error_code, "a piece is written, too long, or there is no memory",
                     is_too_long ? "-E2BIG" : "0 or -ENOMEM", fmt::format("{}", result));
  }
  const bool has_cause = simulation_.disturbed() || simulation_.causes().count() != 0;
  if (result == -ENOMEM && before.has_room && !has_cause) {
    simulation_.stop(VerdictKind::spurious_failure,
                     "an undisturbed writer gets memory while there is some", "0", "-ENOMEM");
  }
}

void StreamWorld::judge_commit(const Before& before, Log::Batch batch, int result) {
  const std::uint32_t bytes = log_.bytes(batch);
  report(log_.end_commit(batch, result == 0));
  if (result != 0 && result != -ENOSPC) {
    simulation_.stop(VerdictKind::error_code, "a batch is committed, or there is no room for it",
                     "0 or -ENOSPC", fmt::format("{}", result));
  }
  const bool is_exact = before.alone && !simulation_.disturbed();
  const bool fits = bytes <= capacity_ - before.unread;
  if (is_exact && result != 0 && fits && !was_injected(simulation_.causes())) {
    simulation_.stop(VerdictKind::spurious_failure,
                     "an undisturbed batch is committed if there is room for it",
                     fmt::format("0, with {} of {} bytes unread", before.unread, capacity_),
                     fmt::format("-ENOSPC for {} bytes", bytes));
  }
  if (is_exact && result == 0 && !fits) {
    simulation_.stop(VerdictKind::error_code, "a batch for which there is no room is refused",
                     fmt::format("-ENOSPC, with {} of {} bytes unread", before.unread, capacity_),
                     fmt::format("0 for {} bytes", bytes));
  }
  judge_used();
}

/// The stream's count. While others are at it, it may include what is on its way in or out.
void StreamWorld::judge_used() const {
  const std::uint32_t used = subject_->used();
  if (used > capacity_) {
    simulation_.stop(VerdictKind::counter, "a stream holds no more than its capacity",
                     fmt::format("at most {} bytes", capacity_), fmt::format("{}", used));
  }
  if (users_.count() <= 1 && used != log_.unread_bytes()) {
    simulation_.stop(VerdictKind::counter, "a stream counts the text that was not read",
                     fmt::format("{} bytes", log_.unread_bytes()), fmt::format("{}", used));
  }
}

void StreamWorld::judge_live(std::int64_t expected) const {
  const std::int64_t live = subject_->live_objects();
  if (live == expected) return;
  simulation_.stop(VerdictKind::conservation, "memory holds the text that was not read",
                   fmt::format("{} objects", expected), fmt::format("{}", live));
}

/// Takes what it says along: the stack is given up.
void StreamWorld::report(model::MaybeFinding&& finding) const {
  if (!finding) return;
  simulation_.stop(kind_of(finding->fault), std::string(finding->rule),
                   std::move(finding->expected), std::move(finding->found));
}

}  // namespace anyctx::target
