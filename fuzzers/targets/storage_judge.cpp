// StorageWorld: what values, results and charges are judged by.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fuzzers/model/content.h"
#include "fuzzers/targets/storage_world.h"
#include "lib/sync/sites.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

constexpr std::size_t kNumber = sizeof(std::uint32_t);

/// A fault that was asked for earlier may go on.
bool was_injected(const inject::Causes& causes) {
  return causes.count() > causes.kept().size() ||
         std::ranges::any_of(causes.kept(), &inject::Cause::injected);
}

bool is_lock_error(int result) {
  return result == -EDEADLK || result == -ETIMEDOUT;
}

}  // namespace

// Values.

void StorageWorld::fill(std::byte* value, std::uint32_t number) const {
  for (std::size_t i = 0; i < size_; ++i) {
    value[i] = static_cast<std::byte>(model::content_byte(i, number));
  }
  std::memcpy(value, &number, kNumber);
}

std::uint32_t StorageWorld::number_of(const void* value) {
  std::uint32_t number = 0;
  if (value != nullptr) std::memcpy(&number, value, kNumber);
  return number;
}

/// Whatever anybody finds is a value of this owner in this map, and stays as it was written.
void StorageWorld::judge_value(const void* value, unsigned owner, unsigned map,
                               std::uint32_t number) const {
  const auto* const bytes = static_cast<const std::byte*>(value);
  bool is_intact = number_of(value) == number;
  for (std::size_t i = kNumber; i < size_ && is_intact; ++i) {
    is_intact = bytes[i] == static_cast<std::byte>(model::content_byte(i, number));
  }
  if (!pairs_.may_be(number, owner, map) || !is_intact) {
    simulation_.stop(VerdictKind::content, "what a reader found stays as it is while he reads",
                     fmt::format("value #{} of owner {} in map {}", number, owner, map),
                     fmt::format("#{}, or changed, or not his", number_of(value)));
  }
}

void StorageWorld::judge_lookup(std::uint32_t number, bool is_exact, std::uint32_t before) const {
  if (!is_exact || number == before) return;
  simulation_.stop(VerdictKind::difference, "a lookup finds the value that was stored last",
                   before == 0 ? "none" : fmt::format("#{}", before),
                   number == 0 ? "none" : fmt::format("#{}", number));
}

/// A change is over. If several were made at once, the model asks what came out.
void StorageWorld::settle(unsigned owner, unsigned map, const StoragePairs::Window& window,
                          std::uint32_t value) {
  if (pairs_.is_exact(window, owner, map)) pairs_.set(owner, map, value);
  if (!pairs_.end_change(window, owner, map)) return;
  const std::uint32_t found = number_of(subject_->peek(owner, map));
  if (found != 0) judge_value(subject_->peek(owner, map), owner, map, found);
  pairs_.set(owner, map, found);
}

// Results.

/// There may be no memory or no lock: not only because the operation was disturbed.
bool StorageWorld::could_fail() const {
  const bool is_plain = simulation_.context() == machine::Context::task && users_.count() == 1;
  return !is_plain || !subject_->has_room() || may_be_refused_;
}

void StorageWorld::judge_update(int result, std::uint32_t flags, bool is_exact,
                                std::uint32_t before, bool has_excuse) const {
  int expected = 0;
  if (flags > 2) expected = -EINVAL;
  if (flags == 1 && before != 0) expected = -EEXIST;
  if (flags == 2 && before == 0) expected = -ENOENT;
  const bool is_known = result == 0 || result == -EINVAL || result == -EEXIST ||
                        result == -ENOENT || result == -ENOMEM || result == -EAGAIN ||
                        is_lock_error(result);
  const bool is_possible = (result == -EINVAL) == (flags > 2) &&
                           (result != -EEXIST || flags == 1) && (result != -ENOENT || flags == 2);
  if (is_known && !is_possible) {
    simulation_.stop(VerdictKind::error_code, "flags decide what an update may answer",
                     fmt::format("{}", expected), fmt::format("{}", result));
  }
  judge_result(result, expected, is_exact, has_excuse);
}

void StorageWorld::judge_remove(int result, bool is_exact, std::uint32_t before,
                                bool has_excuse) const {
  if (result == -EINVAL || result == -EEXIST || result == -ENOMEM || result == -EAGAIN) {
    simulation_.stop(VerdictKind::error_code, "a removal finds a value, or none, or no lock",
                     "0, -ENOENT or the lock's error", fmt::format("{}", result));
  }
  judge_result(result, before != 0 ? 0 : -ENOENT, is_exact, has_excuse);
}

/// `expected`: what an operation answers that nothing stands in the way of. It is known only if
/// nobody else changed the value.
void StorageWorld::judge_result(int result, int expected, bool is_exact, bool has_excuse) const {
  const bool is_answer = result == 0 || result == -EINVAL || result == -EEXIST || result == -ENOENT;
  if (is_answer) {
    if (!is_exact || result == expected) return;
    simulation_.stop(VerdictKind::difference, "an operation answers as the value that is stored",
                     fmt::format("{}", expected), fmt::format("{}", result));
  }
  const bool is_failure = result == -ENOMEM || result == -EAGAIN || is_lock_error(result);
  const inject::Causes& causes = simulation_.causes();
  const bool has_cause = (causes.count() != 0 && has_excuse) || was_injected(causes);
  if (!is_failure || (!simulation_.disturbed() && !has_cause)) {
    simulation_.stop(VerdictKind::spurious_failure, "an operation fails only for a reason",
                     fmt::format("{}", expected), fmt::format("{}", result));
  }
}

// Children.

void StorageWorld::judge_fork(int result, unsigned child, bool has_excuse) const {
  if (result != 0 && (result == -EINVAL || result == -EEXIST || result == -ENOENT)) {
    simulation_.stop(VerdictKind::error_code,
                     "a child gets its parent's values, or there is no "
                     "memory or no lock",
                     "0 or such a reason", fmt::format("{}", result));
  }
  judge_result(result, 0, true, has_excuse);
  const std::uint64_t charged = subject_->charged(child);
  if (charged == subject_->held(child) && (result == 0 || charged == 0)) return;
  simulation_.stop(VerdictKind::counter, "a child pays for what it has",
                   fmt::format("{} bytes", result == 0 ? subject_->held(child) : 0),
                   fmt::format("{}", charged));
}

/// `expected`: the parent's value, if it is known. The child is nobody's else yet.
void StorageWorld::judge_inherited(int result, unsigned parent, unsigned child, unsigned map,
                                   const std::uint32_t* expected) {
  const bool is_inherited = result == 0 && map != 1;
  const std::uint32_t found = number_of(subject_->peek(child, map));
  const bool is_known = !is_inherited || expected != nullptr;
  const std::uint32_t wanted = is_inherited && expected != nullptr ? *expected : 0;
  if (is_known && found != wanted) {
    simulation_.stop(VerdictKind::difference, "a child has its parent's values, or none",
                     fmt::format("#{}", wanted), fmt::format("#{}", found));
  }
  if (expected != nullptr && number_of(subject_->peek(parent, map)) != *expected) {
    simulation_.stop(VerdictKind::failure_atomicity, "a fork leaves the parent's values alone",
                     fmt::format("#{}", *expected),
                     fmt::format("#{}", number_of(subject_->peek(parent, map))));
  }
  if (found != 0) pairs_.inherit(found);
  pairs_.set(child, map, found);
}

// Charges.

/// While nobody else is at it: each owner pays for what he has, and has what was stored.
void StorageWorld::judge_charges() const {
  if (users_.count() > 1) return;
  for (unsigned owner = 0; owner < kStorageOwners; ++owner) {
    const std::uint64_t charged = subject_->charged(owner);
    if (charged != subject_->held(owner)) {
      simulation_.stop(VerdictKind::counter, "an owner pays for what he has",
                       fmt::format("owner {}: {} bytes", owner, subject_->held(owner)),
                       fmt::format("{}", charged));
    }
    const std::uint32_t elements = subject_->elements(owner);
    const std::uint32_t expected = pairs_.count(owner);
    if (elements == expected || (elements > expected && has_stragglers_[owner])) continue;
    simulation_.stop(VerdictKind::conservation, "an owner has the values that were stored",
                     fmt::format("owner {}: {} values", owner, expected),
                     fmt::format("{}", elements));
  }
}

bool StorageWorld::missed_lock() const {
  const inject::Causes& causes = simulation_.causes();
  const auto is_of_lock = [](const inject::Cause& cause) {
    const unsigned site = cause.point / machine::kVerbsPerSite;
    return site == sync::site::rq_deadlock.id || site == sync::site::rq_timeout.id ||
           site == sync::site::rq_no_node.id;
  };
  return causes.count() > causes.kept().size() || std::ranges::any_of(causes.kept(), is_of_lock);
}

void StorageWorld::judge_rest() const {
  for (unsigned owner = 0; owner < kStorageOwners; ++owner) {
    if (subject_->charged(owner) == 0) continue;
    simulation_.stop(VerdictKind::counter, "who has ended pays for nothing", "0 bytes",
                     fmt::format("owner {}: {}", owner, subject_->charged(owner)));
  }
  if (const std::int64_t live = subject_->live_objects(); live != 0) {
    simulation_.stop(VerdictKind::conservation, "what ended is free in the end", "no object",
                     fmt::format("{}", live));
  }
  if (!subject_->locks_idle()) {
    simulation_.stop(VerdictKind::lock_state, "nobody has a lock in the end", "idle", "held");
  }
  if (const std::string_view wrong = subject_->audit(); !wrong.empty()) {
    simulation_.stop(VerdictKind::structure, "structures are sound", "sound", std::string(wrong));
  }
}

}  // namespace anyctx::target
