#include "fuzzers/targets/arena_scene.h"

#include <fmt/format.h>

#include "lib/sync/sites.h"

namespace anyctx::target {

using inject::VerdictKind;

void ArenaScene::reset(const ArenaStrictness& strictness) {
  strictness_ = strictness;
  exists_ = false;
  doomed = stale = false;
  calls_.open();
  serial_ = 0;
  shadow.reset(0);
  space.reset(0);
}

void ArenaScene::created(std::uint32_t slots) {
  exists_ = true;
  doomed = stale = false;
  shadow.reset(slots);
  space.reset(inspector_.geometry(0).max_entries);
}

ArenaCall ArenaScene::begin_call() {
  ArenaCall call;
  call.alone = calls_.enter() == 0;
  call.settled = !doomed && !stale;
  call.serial = ++serial_;
  call.causes = simulation_.causes().count();
  return call;
}

void ArenaScene::end_call(ArenaCall& call) {
  calls_.leave();
  call.alone = call.alone && call.serial == serial_;
  call.quiet = call.alone && !simulation_.disturbed();
  call.excused = is_excused(call.causes);
  judge_own_lock(call.causes);
  call.causes = simulation_.causes().count() - call.causes;
}

/// Whether what failed since `first_cause` did so by decision, or because the machine is one
/// where it must.
bool ArenaScene::is_excused(std::uint32_t first_cause) const {
  const inject::MachineConfig& config = simulation_.config();
  const inject::Causes& causes = simulation_.causes();
  if (causes.count() == first_cause) return false;
  if (simulation_.disturbed() || causes.count() > causes.kept().size()) return true;
  for (const inject::Cause& cause : causes.kept().subspan(first_cause)) {
    if (cause.injected) return true;
  }
  return config.rt || !config.smp || simulation_.context() != machine::Context::task;
}

/// I14, I26: a resilient lock refuses who has it already, and the call goes on as if it were taken
/// by another. For a task, whose calls nest in no other, that is a deadlock that was merely
/// survived.
void ArenaScene::judge_own_lock(std::uint32_t first_cause) const {
  const inject::Causes& causes = simulation_.causes();
  const bool is_nested = simulation_.frame().where.lane.kind != inject::LaneKind::task;
  if (is_nested || causes.count() > causes.kept().size()) return;
  for (const inject::Cause& cause : causes.kept().subspan(first_cause)) {
    constexpr machine::PointId refused =
        machine::point(sync::site::rq_deadlock, machine::Verb::limit);
    if (cause.point != refused || cause.injected) continue;
    accuse(VerdictKind::deadlock, "a task does not ask for a lock that it has",
           "no lock of its own in the way", "refused: it would never get it");
  }
}

bool ArenaScene::is_at_rest() const {
  inspector_.spans(0, spans_);
  return spans_.empty() && inspector_.work_is_idle(0);
}

void ArenaScene::accuse(inject::VerdictKind kind, std::string_view rule, std::string expected,
                        std::string found) const {
  simulation_.stop(kind, std::string(rule), std::move(expected), std::move(found));
}

std::string describe(const model::SlotRange& range) {
  if (range.count == 1) return fmt::format("page {}", range.first);
  return fmt::format("pages {}..{}", range.first, range.end() - 1);
}

}  // namespace anyctx::target
