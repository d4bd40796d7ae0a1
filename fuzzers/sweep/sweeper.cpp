#include "fuzzers/sweep/sweeper.h"

#include <algorithm>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/sweep/schedule_tree.h"

namespace anyctx::sweep {
namespace {

using inject::ActionKind;
using inject::Decision;
using program::Program;

std::string operation_of(const program::Schema& schema, const Program& program,
                         const inject::Verdict& verdict) {
  if (!verdict.in_op) return {};
  const program::LaneOps* const lane = program::find_lane(program, verdict.where.lane);
  if (lane == nullptr || verdict.where.op >= lane->ops.size()) return {};
  return std::string(schema.ops[lane->ops[verdict.where.op].code].name);
}

Tally::Count& count_of(Batch& batch, const inject::Action& action) {
  return batch.tally.by_category[static_cast<unsigned>(category_of(action))];
}

}  // namespace

bool same(const Hit& left, const Hit& right) {
  return left.verdict.kind == right.verdict.kind && left.verdict.rule == right.verdict.rule &&
         left.operation == right.operation;
}

Sweeper::Sweeper(const engine::Target& target, const Options& options)
    : options_(options),
      runner_(target),
      library_(*target.schema, target.sweep != nullptr ? target.sweep->nested
                                                       : std::span<const engine::NestedOps>()) {}

Plan Sweeper::plan(const Program& program) {
  const auto make = [&](const Program& decided) {
    return options_.switches != 0 ? plan_schedules(runner_, decided, options_)
                                  : make_plan(runner_, library_, decided, options_);
  };
  if (program.walk.source == program::Walk::Source::none) return make(program);
  runner_.run(program);
  return make(runner_.recorded());
}

std::uint64_t Sweeper::injected(machine::PointId point) {
  std::uint64_t sum = 0;
  for (const auto& by_point : runner_.simulation().stats().injected) sum += by_point[point];
  return sum;
}

void Sweeper::run(const Program& program, Batch& batch) {
  ran(program, runner_.run(program), batch);
}

/// Whether that was all: the run came to a verdict, or was left out.
bool Sweeper::run_one(const Program& program, const Decision& decision, Tally::Count& count,
                      Batch& batch, inject::Recording recording) {
  ++runs_;
  if (*ask_ && !(*ask_)(unit_, runs_, program)) return true;
  const engine::RunResult result = runner_.run(program, recording);
  const auto& taken = runner_.simulation().taken();
  ++(std::ranges::find(taken, decision) != taken.end() ? count.visited : count.not_taken);
  return ran(program, result, batch);
}

/// Whether the run came to a verdict.
bool Sweeper::ran(const Program& program, const engine::RunResult& result, Batch& batch) {
  ++batch.tally.runs;
  if (!result.verdict) return false;
  Hit hit{*result.verdict, operation_of(*runner_.target().schema, program, *result.verdict),
          program};
  const auto known =
      std::ranges::find_if(batch.hits, [&](const Hit& other) { return same(hit, other); });
  if (known != batch.hits.end())
    ++known->runs;
  else
    batch.hits.push_back(std::move(hit));
  return true;
}

/// A failure that stays, then one that does not. If the point was not reached a second time, there
/// was nothing that could stay: both are the same run.
void Sweeper::run_fault(Program& program, Batch& batch) {
  Decision& decision = program.decisions.front();
  const std::uint64_t before = injected(decision.point);
  run_single(program, batch);
  const bool once = injected(decision.point) - before <= 1;
  decision.action.kind = ActionKind::fail;
  if (!once) return run_single(program, batch);
  ++count_of(batch, decision.action).equal;
  if (options_.depth > 1) run_pairs(program, batch);  // a second decision may bring it back
}

void Sweeper::run_single(Program& program, Batch& batch) {
  const Decision& decision = program.decisions.front();
  if (run_one(program, decision, count_of(batch, decision.action), batch)) return;
  if (options_.depth > 1) run_pairs(program, batch);
}

/// Of all that can be decided after the program's first decision: everything, or as much as its
/// share allows, evenly spread.
void Sweeper::run_pairs(const Program& program, Batch& batch) {
  Options options = options_;
  options.freeze = false;
  const Plan plan = make_plan(runner_, library_, program, options, program.decisions.front());
  const std::uint64_t all = plan.units.size();
  const std::uint64_t some = std::min(all, pairs_each_);
  batch.tally.pairs_possible += all;
  const std::uint64_t start = ++turn_;
  for (std::uint64_t i = 0; i < some; ++i) {
    const Unit& unit = plan.units[some == all ? i : (start + i * all / some) % all];
    Program pair = plan.program(unit);
    run_one(pair, pair.decisions.front(), batch.tally.pairs, batch);
  }
}

void Sweeper::run_schedules(const Plan& plan, const Unit& unit, Batch& batch) {
  ScheduleTree tree(runner_, plan.variants.front(), options_.switches, options_.reduce);
  const Decision last = plan.decision(unit);
  tree.explore(
      {last.where, last.action.lane, last},
      [&](const Program& program, const Decision& decision, unsigned n) {
        return !run_one(program, decision, batch.tally.schedules[n - 1], batch,
                        inject::Recording::switches);
      },
      [&](unsigned n) { ++batch.tally.schedules[n - 1].equal; });
}

void Sweeper::run(const Plan& plan, std::size_t first, std::size_t last, Batch& batch,
                  const Ask& ask) {
  ask_ = &ask;
  last = std::min(last, plan.units.size());
  if (first < last) pairs_each_ = std::max<std::uint64_t>(options_.pairs / plan.units.size(), 1);
  for (unit_ = first; unit_ < last; ++unit_) {
    const Unit& unit = plan.units[unit_];
    turn_ = unit_;
    runs_ = 0;
    if (options_.switches != 0) {
      run_schedules(plan, unit, batch);
      continue;
    }
    Program program = plan.program(unit);
    if (unit.action.kind == ActionKind::fail_sticky)
      run_fault(program, batch);
    else
      run_single(program, batch);
  }
}

}  // namespace anyctx::sweep
