#include "fuzzers/targets/reclaim_world.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <utility>

#include "fuzzers/engine/target.h"
#include "inject/sim/scheduler_lock.h"

namespace anyctx::target {

using engine::Outcome;
using inject::Lane;
using inject::LaneKind;
using inject::VerdictKind;

void ReclaimWorld::setup(const program::Program& program) {
  const auto value = [&](std::string_view name) {
    return engine::param(kReclaimSchema, program, name);
  };
  CacheDebug debug = CacheDebug::of(value("debug"));
  debug.store_user = false;  // objects of "all" keep the size that they had in older programs
  subject_->reset({.page_count = value("pages"),
                   .encoded_freelist = value("encoded") != 0,
                   .debug = debug,
                   .sheaves = value("design") != 0});
  has_sheaves_ = value("design") != 0;
  rq_lock_ = static_cast<RqLock>(value("rq_lock"));
  scheme_ = static_cast<Scheme>(value("scheme"));
  shape_ = ThingShape::of(value("size"), value("head"));
  for (Link& slot : slots_) slot.init(nullptr);
  list_.init(nullptr);
  readers_.reset();
  retired_.reset();
  users_.open();
  serials_ = 0;
  Constructed::alive = 0;
  has_pair_ = is_typesafe() && create_pair();
  hold(static_cast<MemoryLeft>(value("memory")));
  closed_ = false;
}

/// Others take memory until no more than `left` is there.
void ReclaimWorld::hold(MemoryLeft left) {
  constexpr std::size_t kPage = 4096;
  held_.fill(nullptr);
  if (left == MemoryLeft::all) return;
  for (void*& memory : held_) {
    if (!subject_->has_more_than(left)) return;
    memory = subject_->kmalloc_nolock(kPage);
    if (memory == nullptr) return;
  }
}

void ReclaimWorld::let_go() {
  for (void*& memory : held_) {
    if (memory == nullptr) return;
    subject_->kfree_nolock(std::exchange(memory, nullptr));
  }
}

Outcome ReclaimWorld::perform(const program::Op& op, Lane lane) {
  if (closed_) return {Outcome::Kind::vacuous};
  const bool any_context = kReclaimSchema.ops[op.code].lanes == program::kAnyContext;
  // On RT, what may spin may sleep.
  if (!any_context && simulation_.config().rt && lane.kind != LaneKind::task) {
    return {Outcome::Kind::vacuous};
  }
  users_.enter();
  const bool locked = is_under_rq_lock(op, lane);
  std::optional<inject::SchedulerLock> held;
  if (locked) held.emplace();
  const Outcome outcome = dispatch(op);
  held.reset();
  users_.leave();
  return outcome;
}

/// Nolock calls, and frees after a grace period, which spin, but not on RT.
bool ReclaimWorld::is_under_rq_lock(const program::Op& op, Lane lane) const {
  if (lane.kind != LaneKind::task || rq_lock_ == RqLock::nobody) return false;
  if (rq_lock_ == RqLock::task1 && lane.index != 1) return false;
  const bool spins = static_cast<ReclaimOp>(op.code) == ReclaimOp::unpublish_spinning;
  return kReclaimSchema.ops[op.code].nolock || (spins && !simulation_.config().rt);
}

Outcome ReclaimWorld::dispatch(const program::Op& op) {
  const auto& args = op.args;
  const auto kind = static_cast<GraceKind>(args[0]);
  switch (static_cast<ReclaimOp>(op.code)) {
    case ReclaimOp::publish:
      return publish(args[0], static_cast<How>(args[1]));
    case ReclaimOp::unpublish:
      return unpublish(args[0], static_cast<How>(args[1]));
    case ReclaimOp::unpublish_spinning:
      return unpublish(args[0], How::head_spinning);
    case ReclaimOp::read:
      return read(args[0], static_cast<ReaderKind>(args[1]), args[2]);
    case ReclaimOp::borrow:
      return borrow(args[0], static_cast<ReaderKind>(args[1]), args[2]);
    case ReclaimOp::push:
      return push();
    case ReclaimOp::take_list:
      return take_list(static_cast<How>(args[0]));
    case ReclaimOp::walk:
      return walk(static_cast<ReaderKind>(args[0]), args[1]);
    case ReclaimOp::churn:
      return churn(args[0]);
    case ReclaimOp::synchronize:
      return synchronize(kind);
    case ReclaimOp::barrier:
      return barrier(kind);
    case ReclaimOp::kvfree_rcu_barrier:
      return kvfree_rcu_barrier();
    case ReclaimOp::deferred_work_barrier:
      subject_->deferred_work_barrier();
      return {};
    case ReclaimOp::shrink:
      return shrink();
    case ReclaimOp::recreate:
      return recreate();
  }
  return {Outcome::Kind::vacuous};
}

/// Others use memory of the same size, and leave it dirty.
Outcome ReclaimWorld::churn(std::uint32_t count) {
  std::uint32_t served = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    void* const object = subject_->kmalloc_nolock(shape_.size);
    if (object == nullptr) continue;
    check_reuse(object);
    ++served;
    std::memset(object, 0xee, shape_.size);
    subject_->kfree_nolock(object);
  }
  return {served != 0 ? Outcome::Kind::done : Outcome::Kind::failed, served};
}

Outcome ReclaimWorld::shrink() {
  if (!has_pair_) return {Outcome::Kind::vacuous};
  subject_->shrink_pair();
  return {};
}

/// Destroys the caches while what was freed is still under way. Nobody else may use them.
Outcome ReclaimWorld::recreate() {
  if (!has_pair_ || users_.count() != 1) return {Outcome::Kind::vacuous};
  closed_ = true;
  take_down();
  destroy_pair();
  has_pair_ = create_pair();
  closed_ = false;
  return {has_pair_ ? Outcome::Kind::done : Outcome::Kind::failed};
}

bool ReclaimWorld::create_pair() {
  return subject_->create_pair({.size = static_cast<std::uint32_t>(shape_.size),
                                .by_srcu = scheme_ == Scheme::typesafe_srcu,
                                .constructor = construct_thing,
                                .destructor = destruct_thing});
}

void ReclaimWorld::destroy_pair() {
  if (!subject_->destroy_pair()) {
    simulation_.stop(VerdictKind::conservation, "caches whose objects were freed can be destroyed",
                     "destroyed", "objects in use");
  }
  if (Constructed::alive == 0) return;
  simulation_.stop(VerdictKind::conservation,
                   "once a cache is destroyed, what was constructed is destructed", "no object",
                   fmt::format("{} objects", Constructed::alive));
}

void ReclaimWorld::take_down() {
  for (unsigned slot = 0; slot < kReclaimSlots; ++slot) {
    static_cast<void>(unpublish(slot, How::head));
  }
  static_cast<void>(take_list(How::head));
}

Outcome ReclaimWorld::synchronize(GraceKind kind) {
  target::synchronize(simulation_, *subject_, readers_, kind);
  return {};
}

Outcome ReclaimWorld::barrier(GraceKind kind) {
  const ReclaimRetired::Set before = retired_.outstanding();
  subject_->barrier(kind);
  retired_.for_each(before, [&](const ReclaimRetired::Record& record) {
    if (!record.by_callback || record.kind != kind || record.over) return;
    simulation_.stop(VerdictKind::grace_period,
                     "a barrier waits for all callbacks handed in before", "called", "not yet");
  });
  return {};
}

Outcome ReclaimWorld::kvfree_rcu_barrier() {
  const ReclaimRetired::Set before = retired_.outstanding();
  subject_->kvfree_rcu_barrier();
  retired_.for_each(before, [&](const ReclaimRetired::Record& record) {
    if (record.by_callback || record.over || retired_.last_of(record.thing) != &record) return;
    if (!subject_->is_waiting(record.thing)) return;
    simulation_.stop(VerdictKind::grace_period, "a barrier waits for all memory freed before it",
                     "free", "memory that still waits");
  });
  return {};
}

/// Nobody reads any more, and everything that was late has come. In sheaves, memory waits for more
/// of its kind before it waits for readers.
void ReclaimWorld::check_ended() {
  retired_.for_each(retired_.outstanding(), [&](const ReclaimRetired::Record& record) {
    const bool collects = has_sheaves_ && record.kind == GraceKind::rcu;
    const bool waits =
        record.by_callback || (!collects && retired_.last_of(record.thing) == &record &&
                               subject_->is_waiting(record.thing));
    if (!waits) return;
    simulation_.stop(VerdictKind::no_progress, "grace periods end without being asked to",
                     "nothing that waits", record.by_callback ? "a callback" : "memory");
  });
}

void ReclaimWorld::finish() {
  closed_ = true;
  check_ended();
  take_down();
  subject_->barrier(GraceKind::srcu_fast);
  subject_->barrier(GraceKind::rcu);
  static_cast<void>(kvfree_rcu_barrier());
  let_go();
  subject_->deferred_work_barrier();  // callbacks free without waiting
  if (has_pair_) destroy_pair();
  check_settled();
}

void ReclaimWorld::check_settled() {
  if (const std::int64_t live = subject_->live_objects(); live != 0) {
    simulation_.stop(VerdictKind::conservation, "what was freed is free in the end",
                     "no object in use", fmt::format("{}", live));
  }
  if (const std::string_view wrong = subject_->audit(); !wrong.empty()) {
    simulation_.stop(VerdictKind::structure, "structures are sound", "sound", std::string(wrong));
  }
}

}  // namespace anyctx::target
