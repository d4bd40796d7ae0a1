// Locks, waiting, and what is forbidden where.
#include <fmt/format.h>

#include <algorithm>

#include "inject/sim/asleep.h"
#include "inject/sim/scheduler_lock.h"
#include "inject/sim/simulation.h"

namespace anyctx::inject {

using machine::SiteKind;
using machine::Verb;

namespace {

// Turns of relax() in which nothing else could run, after which waiting is in vain.
constexpr std::uint32_t kMaxIdleTurns = 1000;

}  // namespace

const Simulation::HeldLock* Simulation::holder_of(const void* word) const {
  const auto held = std::ranges::find(held_, word, &HeldLock::word);
  return held == held_.end() ? nullptr : &*held;
}

bool Simulation::sleeps(SiteKind kind) const {
  return kind == SiteKind::mutex ||
         (config_.rt && (kind == SiteKind::lock || kind == SiteKind::local_lock));
}

/// Judges the attempt to take a lock here. `waits`: it would wait if the lock were not free.
void Simulation::check_lock_context(machine::Site site, bool waits) {
  const SiteKind kind = site_kinds_[site.id];
  const Frame& frame = *frame_;
  if (waits && frame.nolock) {
    stop(VerdictKind::forbidden_action, "a nolock operation only tries locks", "a trylock",
         fmt::format("waits for {}", site_names_[site.id]));
  }
  if (waits && frame.context == machine::Context::nmi) {
    stop(VerdictKind::forbidden_action, "an NMI never waits for a lock", "a trylock",
         fmt::format("waits for {}", site_names_[site.id]));
  }
  if (sleeps(kind) && waits && !task_->preemptible()) {
    stop(VerdictKind::sleep_in_atomic, "a sleeping lock is taken only where sleeping is allowed",
         "a preemptible task",
         fmt::format(
             "takes {} in {}{}", site_names_[site.id], machine::to_string(frame.context),
             frame.context == machine::Context::task ? " with interrupts or preemption off" : ""));
  }
  if (sleeps(kind) && frame.context >= machine::Context::hardirq) {
    stop(VerdictKind::forbidden_action,
         "a sleeping lock is not even tried in hard interrupt or NMI context", "no attempt",
         fmt::format("tries {}", site_names_[site.id]));
  }
}

/// A task that waits holds what it holds, and so does what the task interrupted.
void Simulation::check_lock_order(machine::Site site) {
  for (const HeldLock& held : held_) {
    if (held.owner != task_ || lock_order_.add(held.site, site)) continue;
    stop(VerdictKind::deadlock, "locks are waited for in one order",
         fmt::format("{} before {}, as earlier", site_names_[site.id], site_names_[held.site.id]),
         fmt::format("waits for {}, holds {}", site_names_[site.id], site_names_[held.site.id]));
  }
}

void Simulation::takes_lock(machine::Site site, const void* lock) {
  const Unwatched unwatched;
  const bool again = std::ranges::any_of(
      held_, [&](const HeldLock& h) { return h.word == lock && h.owner == task_; });
  if (again) {
    stop(VerdictKind::deadlock, "no task takes a lock that it holds", "not held",
         fmt::format("takes {} again", site_names_[site.id]));
  }
  check_lock_order(site);
  held_.push_back({lock, site, task_});
  ++task_->state.locks_held;
  add_lock_event(EventKind::lock, site, lock);
}

void Simulation::drops_lock(machine::Site site, const void* lock) {
  const Unwatched unwatched;
  forget_held(site, lock);
}

void Simulation::take_word(machine::Site site, std::uint32_t* word) {
  *word = 1;
  order_after(word);
  held_.push_back({word, site, task_});
  ++task_->state.locks_held;
  add_lock_event(EventKind::lock, site, word);
}

bool Simulation::try_lock(machine::Site site, std::uint32_t* word, bool local) {
  const Unwatched unwatched;
  const machine::PointId here = point(site, Verb::trylock);
  const bool injected = visit(here, Access::special());
  check_lock_context(site, false);
  if (injected) return false;
  // On UP a spinning lock has no state: whoever cannot be interrupted has it. Locks that sleep
  // have.
  const bool always_succeeds = !config_.smp && !local && !sleeps(site_kinds_[site.id]);
  if (*word != 0 && !always_succeeds) {
    note_failure(here, false);
    return false;
  }
  take_word(site, word);
  return true;
}

void Simulation::lock(machine::Site site, std::uint32_t* word, bool) {
  const Unwatched unwatched;
  const machine::PointId here = point(site, Verb::lock);
  visit(here, Access::special());
  check_lock_context(site, true);
  check_lock_order(site);
  while (*word != 0) {
    const HeldLock* holder = holder_of(word);
    if (holder == nullptr) {
      stop(VerdictKind::lock_state, "a lock that is held has a holder", "a holder", "none");
    }
    if (holder->owner == task_) {
      stop(VerdictKind::deadlock, "no frame waits for a lock that an outer frame of its own holds",
           "the lock free or held elsewhere",
           fmt::format("waits for {}, held by the interrupted code", site_names_[site.id]));
    }
    task_->run_state = TaskState::waiting;
    task_->waits_for = word;
    task_->waits_at = here;
    if (recording_ != Recording::decisions) add_event(EventKind::wait, here);
    wait_for_others();
    task_->run_state = TaskState::runnable;
    task_->waits_for = nullptr;
  }
  take_word(site, word);
}

/// The innermost one: on UP a lock can be held twice.
void Simulation::forget_held(machine::Site site, const void* word) {
  const auto held = std::find_if(held_.rbegin(), held_.rend(), [&](const HeldLock& h) {
    return h.word == word && h.owner == task_;
  });
  if (held == held_.rend()) {
    stop(VerdictKind::lock_state, "only a lock that this task holds is released", "held",
         fmt::format("releases {}, which it does not hold", site_names_[site.id]));
  }
  held_.erase(std::next(held).base());
  --task_->state.locks_held;
  add_lock_event(EventKind::unlock, site, word);
}

void Simulation::unlock(machine::Site site, std::uint32_t* word, bool) {
  const Unwatched unwatched;
  visit(point(site, Verb::unlock), Access::special());
  order_before(word);
  forget_held(site, word);
  if (holder_of(word) != nullptr) return;
  *word = 0;
  for (auto& task : tasks_) {
    if (task->run_state == TaskState::waiting && task->waits_for == word) {
      task->run_state = TaskState::runnable;
    }
  }
}

bool Simulation::holds_in_outer_frame(const std::uint32_t* word) const {
  const Unwatched unwatched;
  if (*word == 0) return false;
  // On RT the question is whether the current task owns it, not whether anybody does.
  if (!config_.rt) return true;
  const HeldLock* holder = holder_of(word);
  return holder != nullptr && holder->owner == task_;
}

void Simulation::relax(machine::Site site) {
  const Unwatched unwatched;
  visit(point(site, Verb::probe), {});
  if (frame_->nolock || frame_->context == machine::Context::nmi) {
    stop(VerdictKind::forbidden_action, "a nolock operation or an NMI never waits", "no waiting",
         fmt::format("waits at {}", site_names_[site.id]));
  }
  expire_delays();
  deliver_due();
  if (alone_) {
    interrupt_idle_cpus();
    run_next_work();
  } else if (may_serve_asleep(*task_)) {
    (void)run_due(cpus_[task_->cpu].works, task_->lane, machine::Context::task);
  }
  // What the caller looked at, it looked at after the last turn.
  Frame& frame = *frame_;
  frame.spin = {true, kNoTimeLimit, frame.spin.seen, 0};
  if (SimTask* next = pick_while_spinning()) {
    switch_to(*next);
  } else if (++task_->idle_turns > kMaxIdleTurns) {
    stop(VerdictKind::deadlock, "waiting must come to an end", "somebody ends it",
         "nothing else can run");
  }
  frame.spin = {false, 0, progress_, 0};
}

bool Simulation::spin(machine::Site site, std::uint64_t until_ns, std::uint64_t seen) {
  const Unwatched unwatched;
  visit(point(site, Verb::probe), {});
  if (now_ns_ > until_ns) return false;
  Frame& frame = *frame_;
  const std::uint32_t in_vain = frame.spin.seen == seen ? frame.spin.in_vain + 1 : 0;
  frame.spin = {true, until_ns, seen, in_vain};
  SimTask* const next = pick_while_spinning();
  if (next == nullptr) {
    stop(VerdictKind::deadlock, "what spins must come to an end", "somebody ends it",
         "nothing else can run");
  }
  switch_to(*next);
  frame.spin.active = false;
  return true;
}

void Simulation::might_sleep(machine::Site site) {
  const Unwatched unwatched;
  visit(point(site, Verb::probe), Access::none());
  if (task_->preemptible() && !frame_->nolock) return;
  stop(VerdictKind::sleep_in_atomic, "only a preemptible task may sleep", "a preemptible task",
       fmt::format("may sleep at {} in {}", site_names_[site.id],
                   machine::to_string(frame_->context)));
}

void Simulation::wake(machine::Site site) {
  const Unwatched unwatched;
  visit(point(site, Verb::probe), Access::none());
  if (has_scheduler_lock(held_, task_)) {
    stop(VerdictKind::deadlock, kWakeUpRule, "no wake-up",
         fmt::format("wakes at {}", site_names_[site.id]));
  }
  if (!frame_->nolock && frame_->context != machine::Context::nmi) return;
  stop(VerdictKind::forbidden_action, "a nolock operation wakes nobody", "no wake-up",
       fmt::format("wakes at {}", site_names_[site.id]));
}

}  // namespace anyctx::inject
