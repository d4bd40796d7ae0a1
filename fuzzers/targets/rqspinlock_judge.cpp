#include "fuzzers/targets/rqspinlock_judge.h"

#include <fmt/format.h>

#include <cerrno>

#include "fuzzers/targets/rqspinlock_schema.h"
#include "lib/sync/sites.h"

namespace anyctx::target {

using inject::VerdictKind;
using State = model::LockEntry::State;

namespace {

constexpr std::uint64_t kMs = 1'000'000;

// The limits of the kernel's lock: of a pending waiter, of the head of a queue, of a test-and-set
// loop, and between two looks for a deadlock.
constexpr std::uint64_t kPendingLimit = 250 * kMs;
constexpr std::uint64_t kHeadLimit = 500 * kMs;
constexpr std::uint64_t kTestAndSetLimit = 1000 * kMs;
constexpr std::uint64_t kPairLimit = 3 * kMs;
// Clocks are looked at every now and then.
constexpr std::uint64_t kSlack = 5 * kMs;

// A table of held locks has 31 entries. The kernel does not look at the last one.
constexpr std::size_t kTable = 31;
constexpr std::size_t kSearched = 30;

// Own steps of an attempt or a release that nobody disturbed, and that did not wait.
constexpr std::uint32_t kMostSteps = 300;

std::string_view name_of(int result) {
  switch (result) {
    case 0:
      return "0";
    case -EDEADLK:
      return "-EDEADLK";
    case -ETIMEDOUT:
      return "-ETIMEDOUT";
  }
  return "something else";
}

std::string describe(const inject::CpuState& state) {
  return fmt::format("interrupts {}, preemption depth {}",
                     state.irqs == machine::IrqState::enabled ? "on" : "off", state.preempt_depth);
}

std::string describe(const RqsWord& word) {
  return fmt::format("{}{}{}", word.locked ? "locked" : "free", word.pending ? ", pending" : "",
                     word.queued ? ", queued" : "");
}

}  // namespace

RqsJudge::RqsJudge(inject::Simulation& simulation, const RqsInspector& inspector)
    : simulation_(simulation), inspector_(inspector) {}

void RqsJudge::reset(bool queues, const RqsStrictness& strictness) {
  ledger_.reset();
  queues_ = queues;
  strictness_ = strictness;
  stalls_at_reset_ = stalls();
}

StackId RqsJudge::stack() const {
  const inject::Lane lane = simulation_.task().lane;
  return lane.kind == inject::LaneKind::task ? lane.index : inject::kMaxTasks + lane.index;
}

std::uint64_t RqsJudge::stalls() const {
  return simulation_.stats().actions[static_cast<unsigned>(inject::ActionKind::stall)];
}

RqsJudge::Before RqsJudge::look(LockId lock) const {
  Before before;
  before.stack = stack();
  before.lock = lock;
  before.cpu = simulation_.cpu();
  before.state = simulation_.task().state;
  before.held = inspector_.held(before.cpu);
  before.queue_nodes = inspector_.queue_nodes(before.cpu);
  before.causes = simulation_.causes().count();
  before.steps = simulation_.steps();
  before.stalls = stalls();
  return before;
}

RqsJudge::Before RqsJudge::begin_attempt(LockId lock) {
  const Before before = look(lock);
  Entry& entry = ledger_.begin_attempt(before.stack, lock, simulation_.now_ns());
  entry.forced_timeouts = forced_timeouts();
  return before;
}

void RqsJudge::judge_attempt(const Before& before, int result, bool irqsave) {
  check_code(result);
  check_time(before, result);
  if (result != 0) {
    check_reason(before, result);
    ledger_.end_attempt(before.stack, result == -ETIMEDOUT);
    check_left_behind(before, before.state, 0);
  } else {
    ledger_.acquire(before.stack);
    check_owner(before.lock);
    inject::CpuState state = before.state;
    ++state.preempt_depth;
    if (irqsave) state.irqs = machine::IrqState::disabled;
    check_left_behind(before, state, 1);
  }
  check_word(before.lock);
}

RqsJudge::Before RqsJudge::begin_release() {
  const StackId own = stack();
  ledger_.begin_release(own);
  return look(ledger_.top(own).lock);
}

void RqsJudge::judge_release(const Before& before, const inject::CpuState& state) {
  ledger_.end_release(before.stack);
  check_left_behind(before, state, -1);
  check_word(before.lock);
}

void RqsJudge::judge_misuse(const Before& before, bool reported) {
  if (!reported) {
    simulation_.stop(VerdictKind::lock_state,
                     "to unlock what is not the CPU's last lock is reported", "a report", "none");
  }
  check_left_behind(before, before.state, 0);
  check_word(before.lock);
}

void RqsJudge::judge_rest() const {
  for (LockId lock = 0; lock < kRqsLocks; ++lock) check_word(lock);
  for (unsigned cpu = 0; cpu < simulation_.config().cpus; ++cpu) {
    const unsigned held = inspector_.held(cpu);
    const unsigned nodes = inspector_.queue_nodes(cpu);
    if (held == 0 && nodes == 0) continue;
    simulation_.stop(VerdictKind::counter, "an idle CPU holds no lock and is in no queue",
                     "0 and 0", fmt::format("{} locks, {} places in queues", held, nodes));
  }
}

// What an attempt left behind.

void RqsJudge::check_code(int result) const {
  if (result == 0 || result == -EDEADLK || result == -ETIMEDOUT) return;
  simulation_.stop(VerdictKind::error_code, "an attempt succeeds, finds a deadlock or times out",
                   "0, -EDEADLK or -ETIMEDOUT", fmt::format("{}", result));
}

void RqsJudge::check_owner(LockId lock) const {
  const unsigned owners = ledger_.owners(lock);
  if (owners == 1) return;
  simulation_.stop(VerdictKind::lock_state, "a lock has one owner at a time", "1 owner",
                   fmt::format("{} owners of lock {}", owners, lock));
}

/// No other code of this CPU ran since the call returned.
void RqsJudge::check_left_behind(const Before& before, const inject::CpuState& state,
                                 int held) const {
  const inject::CpuState& now = simulation_.task().state;
  if (now != state) {
    simulation_.stop(
        VerdictKind::lock_state,
        "preemption and interrupts are off while a lock is held, and as they were else",
        describe(state), describe(now));
  }
  const auto expected = static_cast<unsigned>(static_cast<int>(before.held) + held);
  if (inspector_.held(before.cpu) != expected) {
    simulation_.stop(VerdictKind::counter,
                     "a CPU's table counts the locks that it holds or attempts",
                     fmt::format("{}", expected), fmt::format("{}", inspector_.held(before.cpu)));
  }
  if (inspector_.queue_nodes(before.cpu) != before.queue_nodes) {
    simulation_.stop(VerdictKind::counter, "who waits no longer has left the queue",
                     fmt::format("{} places", before.queue_nodes),
                     fmt::format("{}", inspector_.queue_nodes(before.cpu)));
  }
}

void RqsJudge::check_word(LockId lock) const {
  if (ledger_.in_transition(lock) != 0) return;
  const RqsWord expected{.locked = ledger_.owners(lock) != 0};
  const RqsWord found = inspector_.word(lock);
  if (found.locked == expected.locked && !found.pending && !found.queued) return;
  simulation_.stop(VerdictKind::structure,
                   "the word of a lock shows its owner and who waits for it",
                   fmt::format("lock {}: {}", lock, describe(expected)), describe(found));
}

// Why it failed.

void RqsJudge::check_reason(const Before& before, int result) const {
  if (strictness_.names_causes && simulation_.causes().count() == before.causes) {
    simulation_.stop(VerdictKind::spurious_failure, "an attempt that fails has a cause", "a cause",
                     fmt::format("{} without one", name_of(result)));
  }
  const bool legal = result == -EDEADLK ? may_be_deadlock(before) : may_be_timeout(before);
  if (legal) return;
  const Entry& attempt = ledger_.top(before.stack);
  const bool own =
      ledger_.below_top(before.stack, before.lock) < ledger_.stack(before.stack).size();
  const bool contended = own || ledger_.was_elsewhere(before.stack, before.lock, attempt.begun);
  const bool deadlock = result == -EDEADLK;
  const char* const rule =
      deadlock ? "a deadlock is reported where there is one, or to who may not queue"
               : "a timeout is reported after the time, or when those ahead in the queue gave up";
  simulation_.stop(contended ? VerdictKind::error_code : VerdictKind::spurious_failure, rule,
                   contended ? (deadlock ? "0 or -ETIMEDOUT" : "0 or -EDEADLK") : "0",
                   fmt::format("{} after {} ms", name_of(result),
                               (simulation_.now_ns() - attempt.begun_ns) / kMs));
}

bool RqsJudge::may_be_deadlock(const Before& before) const {
  if (before.queue_nodes != 0) return true;  // nested in code that queues
  if (ledger_.below_top(before.stack, before.lock) < ledger_.stack(before.stack).size())
    return true;
  return ledger_.may_be_in_cycle(before.stack) || is_forced(before, sync::site::rq_deadlock) ||
         is_forced(before, sync::site::rq_no_node);
}

bool RqsJudge::may_be_timeout(const Before& before) const {
  const Entry& own = ledger_.top(before.stack);
  const std::uint64_t limit = queues_ ? kPendingLimit : kTestAndSetLimit;
  if (own.beside_timeout || may_have_timed_out(own, limit)) return true;
  if (!queues_) return false;
  for (StackId id = 0; id < model::kMostStacks; ++id) {
    for (const Entry& other : ledger_.stack(id)) {
      if (other.lock != before.lock || other.state != State::attempting) continue;
      if (other.beside_timeout || may_have_timed_out(other, kHeadLimit)) return true;
    }
  }
  return false;
}

bool RqsJudge::may_have_timed_out(const Entry& attempt, std::uint64_t limit) const {
  return simulation_.now_ns() - attempt.begun_ns > limit ||
         forced_timeouts() != attempt.forced_timeouts;
}

/// Whether the verdict behind this site was injected.
bool RqsJudge::is_forced(const Before& before, machine::Site site) const {
  const inject::Causes& causes = simulation_.causes();
  if (causes.count() != causes.kept().size()) return true;  // not all are known
  for (const inject::Cause& cause : causes.kept().subspan(before.causes)) {
    if (cause.injected && cause.point / machine::kVerbsPerSite == site.id) return true;
  }
  return false;
}

std::uint64_t RqsJudge::forced_timeouts() const {
  const machine::PointId at = machine::point(sync::site::rq_timeout, machine::Verb::limit);
  std::uint64_t sum = 0;
  for (const auto& by_point : simulation_.stats().injected) sum += by_point[at];
  return sum;
}

// How long it took.

void RqsJudge::check_time(const Before& before, int result) const {
  const Entry& attempt = ledger_.top(before.stack);
  const std::uint64_t all_ns = simulation_.now_ns() - attempt.begun_ns;
  const std::uint32_t most = kMostSteps * simulation_.config().step_scale;
  if (all_ns == 0 && !simulation_.disturbed() && simulation_.steps() - before.steps > most) {
    simulation_.stop(VerdictKind::no_progress, "an attempt that does not wait is short",
                     fmt::format("at most {} steps", most),
                     fmt::format("{}", simulation_.steps() - before.steps));
  }
  if (stalls() != before.stalls) return;
  const std::uint64_t own_ns = all_ns - attempt.nested_ns;
  check_no_wait(before, result, own_ns);
  check_limit(before, own_ns);
  if (result != 0) check_pair(before);
}

/// Nobody can make way: the lock is in the hands of code that this attempt interrupted.
bool RqsJudge::is_in_vain(const Before& before) const {
  const auto& entries = ledger_.stack(before.stack);
  const std::size_t place = ledger_.below_top(before.stack, before.lock);
  if (place >= entries.size() || place >= kSearched) return false;
  if (entries[place].state == State::held) return true;
  // The one who attempts it may stand before or behind the moments at which the table says so.
  return entries.size() <= kTable &&
         !ledger_.was_elsewhere(before.stack, before.lock, entries.back().begun);
}

void RqsJudge::check_no_wait(const Before& before, int result, std::uint64_t own_ns) const {
  const bool over_queue = strictness_.nested_waiters_give_up && before.queue_nodes != 0 &&
                          simulation_.context() == machine::Context::nmi;
  const bool in_vain = is_in_vain(before);
  if (in_vain && result == -ETIMEDOUT && !is_forced(before, sync::site::rq_timeout)) {
    simulation_.stop(VerdictKind::error_code,
                     "a lock that this CPU holds or attempts already is a deadlock", "-EDEADLK",
                     fmt::format("-ETIMEDOUT after {} ms", own_ns / kMs));
  }
  // A swap that failed for no reason is tried again after the next look at the clock.
  if ((!in_vain && !over_queue) || own_ns <= kPairLimit) return;
  simulation_.stop(VerdictKind::no_progress,
                   in_vain ? "who can only wait for itself does not wait"
                           : "an NMI does not wait over code that queues",
                   "no wait", fmt::format("{} ms", own_ns / kMs));
}

void RqsJudge::check_limit(const Before& before, std::uint64_t own_ns) const {
  const Entry& attempt = ledger_.top(before.stack);
  // Those ahead may have been held up.
  if (attempt.others != 0 && stalls() != stalls_at_reset_) return;
  if (ledger_.others_were_interrupted(before.stack, attempt)) return;
  std::uint64_t limit = kTestAndSetLimit;
  if (queues_) limit = attempt.others == 0 ? kPendingLimit : kHeadLimit * (1 + attempt.others);
  if (own_ns <= limit + kSlack) return;
  simulation_.stop(VerdictKind::no_progress, "the wait for a lock is bounded",
                   fmt::format("{} ms", limit / kMs), fmt::format("{} ms", own_ns / kMs));
}

/// Two that wait for each other, and nobody else: the first one to look finds out.
void RqsJudge::check_pair(const Before& before) const {
  const auto& own = ledger_.stack(before.stack);
  const Entry& mine = own.back();
  const bool calm =
      stalls() == stalls_at_reset_ && !ledger_.others_were_interrupted(before.stack, mine);
  if (!calm || mine.others != 0 || mine.nested_ns != 0 || own.size() > kTable) return;
  const auto holds = [](const std::vector<Entry>& entries, LockId lock) {
    for (const Entry& entry : entries) {
      if (entry.lock == lock && entry.state == State::held) return true;
    }
    return false;
  };
  for (StackId id = 0; id < model::kMostStacks; ++id) {
    const auto& others = ledger_.stack(id);
    if (id == before.stack || others.empty() || others.size() > kTable) continue;
    const Entry& theirs = others.back();
    if (theirs.state != State::attempting || theirs.others != 0 || theirs.nested_ns != 0) continue;
    if (!holds(others, mine.lock) || !holds(own, theirs.lock)) continue;
    const std::uint64_t since = std::max(mine.begun_ns, theirs.begun_ns);
    if (simulation_.now_ns() - since <= kPairLimit) continue;
    simulation_.stop(VerdictKind::no_progress, "two that wait for each other find out soon",
                     fmt::format("{} ms", kPairLimit / kMs),
                     fmt::format("{} ms", (simulation_.now_ns() - since) / kMs));
  }
}

}  // namespace anyctx::target
