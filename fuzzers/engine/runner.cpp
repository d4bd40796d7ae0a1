#include "fuzzers/engine/runner.h"

#include <algorithm>

namespace anyctx::engine {

using inject::Lane;
using inject::LaneKind;
using program::Program;

Runner::Runner(const Target& target)
    : target_(target), memory_(target.memory_bytes), simulation_(memory_) {
  mix_.by_code.resize(target.schema->ops.size());
}

Runner::~Runner() = default;

inject::Walk Runner::make_walk(std::uint32_t rate, std::uint32_t budget) {
  if (random_) return {&*random_, rate, budget};
  if (bytes_) return {&*bytes_, rate, budget};
  return {};
}

void Runner::start_draws(const program::Walk& walk) {
  random_.reset();
  bytes_.reset();
  if (walk.source == program::Walk::Source::seed) random_.emplace(walk.seed);
  if (walk.source == program::Walk::Source::bytes) bytes_.emplace(walk.bytes);
}

RunResult Runner::run(const Program& program, inject::Recording recording) {
  compares_ = asks_reference(program);
  if (!compares_) return run_alone(program, recording);
  find_reference();
  RunResult result = run_alone(program, std::max(recording, inject::Recording::events));
  if (!result.verdict) ask_reference(program, result);
  return result;
}

bool Runner::asks_reference(const Program& program) const {
  return target_.reference.target != nullptr && param(*target_.schema, program, "against") != 0;
}

void Runner::find_reference() {
  if (reference_) return;
  reference_target_ = target_.reference.target();
  reference_ = std::make_unique<Runner>(*reference_target_);
  for (const auto& table : target_.schema->sites) {
    for (const machine::SiteInfo& info : table) only_here_.set(info.site.id);
  }
  for (const auto& table : reference_target_->schema->sites) {
    for (const machine::SiteInfo& info : table) only_here_.reset(info.site.id);
  }
}

/// The program that was just run, with the decisions that were taken, on the other subject.
void Runner::ask_reference(const Program& program, RunResult& result) {
  Program same = recorded();
  // Parameters that only this target has come last.
  const std::size_t params = reference_target_->schema->params.size();
  std::fill(same.params.begin() + static_cast<std::ptrdiff_t>(params), same.params.end(), 0u);
  const RunResult answers = reference_->run_alone(same, inject::Recording::events);
  const bool passes_known = param(*target_.schema, program, "known") != 0;
  result.compared = compare(*target_.schema, program, *target_.reference.comparison, passes_known,
                            {simulation_.events(), result.verdict},
                            {reference_->simulation_.events(), answers.verdict});
  result.verdict = result.compared->verdict;
  result.digest = (result.digest ^ answers.digest) * 0x9e3779b97f4a7c15u;
  compared_.add(result.compared->count);
}

RunResult Runner::run_alone(const Program& program, inject::Recording recording) {
  program_ = &program;
  script_.assign(program.decisions);
  start_draws(program.walk);
  const auto listed = static_cast<std::uint32_t>(program.decisions.size());
  inject::MachineConfig machine = machine_config(*target_.schema, program);
  machine.step_scale = target_.step_scale;
  if (compares_) machine.passed_over = &only_here_;
  simulation_.reset(machine, &script_,
                    make_walk(program.walk.rate, program::kMaxDecisions - listed), recording);
  pct_ = schedule_;
  if (pct_) simulation_.schedule_by(&*pct_, program::kMaxDecisions - listed);
  if (!world_) world_ = target_.make_world(simulation_);

  lanes_ = {};
  std::vector<Lane> handlers;
  for (const program::LaneOps& ops : program.lanes) {
    lanes_[static_cast<unsigned>(ops.lane.kind)][ops.lane.index] = &ops;
    if (ops.lane.kind != LaneKind::task) handlers.push_back(ops.lane);
  }
  simulation_.set_handlers(this, std::move(handlers));

  bool clean = simulation_.alone([&] { world_->setup(program); });
  if (clean) {
    for (const program::LaneOps& ops : program.lanes) {
      if (ops.lane.kind != LaneKind::task) continue;
      simulation_.add_task(
          ops.lane, ops.lane.index,
          [](void* self, Lane lane) { static_cast<Runner*>(self)->run_handler(lane, 0); }, this);
    }
    clean = simulation_.run_tasks();
  }
  if (clean) simulation_.alone([&] { world_->finish(); });
  return {simulation_.verdict(), simulation_.digest(), {}};
}

void Runner::run_handler(Lane lane, std::uint16_t entry) {
  run_lane(*lanes_[static_cast<unsigned>(lane.kind)][lane.index], entry);
}

void Runner::run_lane(const program::LaneOps& ops, std::uint16_t entry) {
  for (std::size_t i = 0; i < ops.ops.size(); ++i) {
    const program::Op& op = ops.ops[i];
    const program::OpSpec& spec = target_.schema->ops[op.code];
    simulation_.begin_op({.where = {ops.lane, static_cast<std::uint8_t>(i), entry},
                          .nolock = spec.nolock,
                          .max_steps = spec.most_steps});
    const Outcome outcome = world_->perform(op, ops.lane);
    OpMix::Count& count = mix_.by_code[op.code];
    switch (outcome.kind) {
      case Outcome::Kind::done:
        ++count.done;
        break;
      case Outcome::Kind::failed:
        ++count.failed;
        break;
      case Outcome::Kind::vacuous:
        ++count.vacuous;
        break;
    }
    if (spec.nolock) count.most_steps = std::max(count.most_steps, simulation_.steps());
    simulation_.end_op(outcome.result << 2 | static_cast<unsigned>(outcome.kind));
  }
}

void Runner::clear_counts() {
  mix_.by_code.assign(mix_.by_code.size(), {});
  simulation_.stats() = {};
  compared_ = {};
}

Program Runner::recorded() const {
  Program result = *program_;
  result.decisions = simulation_.taken();
  result.walk = {};
  return result;
}

std::vector<inject::CodeStack> Runner::stacks() const {
  return world_ ? world_->stacks() : std::vector<inject::CodeStack>();
}

}  // namespace anyctx::engine
