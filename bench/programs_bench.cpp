// Programs of each target, with model and oracles: what a run costs. Baseline: the same target with
// a program that does nothing, which is what set-up and tear-down cost.
//
//   TARGET/empty   one task without operations
//   TARGET/32ops   32 operations on two CPUs, no decisions
//   TARGET/walk    the same under a seeded walk, asked at every 16th point
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/targets/registry.h"

namespace anyctx::engine {
namespace {

constexpr unsigned kPrograms = 64;
constexpr unsigned kOps = 32;
constexpr std::uint32_t kWalkRate = 16;

void set_param(const program::Schema& schema, program::Program& program, std::string_view name,
               std::uint32_t value) {
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    if (schema.params[i].name == name) program.params[i] = value;
  }
}

/// Two tasks with 16 operations each, taken from generated programs; parameters at their defaults.
program::Program make_program(const program::Schema& schema, inject::Rng& rng) {
  program::Program program = program::empty_program(schema);
  set_param(schema, program, "cpus", 2);
  program.lanes.clear();
  for (std::uint8_t task = 0; task < 2; ++task) {
    program::LaneOps lane{{inject::LaneKind::task, task}, {}};
    while (lane.ops.size() < kOps / 2) {
      for (const program::LaneOps& from : program::generate(schema, rng).lanes) {
        if (from.lane.kind != inject::LaneKind::task) continue;
        for (const program::Op& op : from.ops) {
          if (lane.ops.size() < kOps / 2) lane.ops.push_back(op);
        }
      }
    }
    program.lanes.push_back(lane);
  }
  program::normalize(schema, program);
  return program;
}

std::vector<program::Program> make_programs(const program::Schema& schema, bool walk) {
  inject::Rng rng(1);
  std::vector<program::Program> programs;
  for (unsigned i = 0; i < kPrograms; ++i) {
    programs.push_back(make_program(schema, rng));
    if (!walk) continue;
    programs.back().walk.source = program::Walk::Source::seed;
    programs.back().walk.seed = i;
    programs.back().walk.rate = kWalkRate;
  }
  return programs;
}

void run(benchmark::State& state, const Target& target, std::vector<program::Program> programs) {
  Runner runner(target);
  std::size_t next = 0;
  std::uint64_t points = 0;
  for (auto _ : state) {
    if (runner.run(programs[next]).verdict) return state.SkipWithError("a verdict");
    next = (next + 1) % programs.size();
  }
  for (const auto& context : runner.simulation().stats().reached) {
    for (const std::uint64_t visits : context) points += visits;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["points/program"] =
      static_cast<double>(points) / static_cast<double>(state.iterations());
}

void add(const Target& target) {
  const std::string name(target.name());
  const auto with = [&](const char* what, std::vector<program::Program> programs) {
    benchmark::RegisterBenchmark((name + "/" + what).c_str(), run, target, std::move(programs));
  };
  with("empty", {program::empty_program(*target.schema)});
  with("32ops", make_programs(*target.schema, false));
  with("walk", make_programs(*target.schema, true));
}

}  // namespace
}  // namespace anyctx::engine

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const anyctx::engine::Target& target : anyctx::target::all_targets()) {
    anyctx::engine::add(target);
  }
  benchmark::RunSpecifiedBenchmarks();
}
