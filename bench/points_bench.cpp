// The simulated machine: what a decision point costs. Baseline: the same loop on the native
// machine.
//
//   plain       no decisions: every point takes its default
//   armed       a script that names another operation: armed, but empty here
//   walk/N      a seeded walk that is asked about every N-th point; walk/1 at every point
#include <benchmark/benchmark.h>

#include <span>

#include "inject/choice/draws.h"
#include "inject/sim/sim_machine.h"
#include "lib/machine/atomic.h"
#include "lib/machine/native.h"

namespace anyctx::inject {
namespace {

constexpr machine::Site kWord{240};
constexpr machine::SiteInfo kWords[] = {
    {kWord, machine::SiteKind::word, "bench.word",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw), "a word"}};
constexpr std::span<const machine::SiteInfo> kSites[] = {machine::kOperationTable, kWords};

constexpr std::uint64_t kTurns = 100'000;
constexpr std::uint64_t kPoints = 2 * 3 * kTurns;  // two tasks, three points a turn

template <class M>
std::uint64_t body(machine::Atomic<M, std::uint64_t, kWord>& word) {
  for (std::uint64_t i = 0; i < kTurns; ++i) {
    word.fetch_add(1);
    benchmark::DoNotOptimize(word.load());
    word.store(i);
  }
  return 0;
}

void count(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kPoints));
}

void BM_native(benchmark::State& state) {
  machine::Atomic<machine::Native, std::uint64_t, kWord> word;
  for (auto _ : state) {
    body(word);
    body(word);
  }
  count(state);
}

/// Two tasks on two CPUs, with one operation each.
class TwoTasks {
 public:
  TwoTasks() : memory_(64 << 10), simulation_(memory_) {
    config_.cpus = 2;
    config_.sites = kSites;
  }
  void run(const Decisions& decisions, Draws* draws, std::uint32_t rate) {
    script_.assign(decisions);
    simulation_.reset(config_, &script_, draws != nullptr ? Walk(draws, rate) : Walk(),
                      Recording::decisions);
    for (const std::uint8_t i : {std::uint8_t{0}, std::uint8_t{1}}) {
      simulation_.add_task({LaneKind::task, i}, i, operation, this);
    }
    if (!simulation_.run_tasks()) std::abort();
  }

 private:
  static void operation(void* self, Lane lane) {
    TwoTasks& own = *static_cast<TwoTasks*>(self);
    own.simulation_.begin_op({.where = {lane, 0, 0}});
    own.simulation_.end_op(body(own.word_));
  }

  Memory memory_;
  Simulation simulation_;
  MachineConfig config_;
  Script script_;
  machine::Atomic<Sim, std::uint64_t, kWord> word_;
};

void BM_sim_plain(benchmark::State& state) {
  TwoTasks tasks;
  for (auto _ : state) tasks.run({}, nullptr, 1);
  count(state);
}

void BM_sim_armed(benchmark::State& state) {
  TwoTasks tasks;
  const Decision elsewhere{
      {{LaneKind::task, 3}, 0, 0}, machine::point(kWord, machine::Verb::load), 1, {}};
  for (auto _ : state) tasks.run({elsewhere}, nullptr, 1);
  count(state);
}

void BM_sim_walk(benchmark::State& state) {
  TwoTasks tasks;
  std::uint64_t seed = 0;
  for (auto _ : state) {
    RandomDraws draws(seed++);
    tasks.run({}, &draws, static_cast<std::uint32_t>(state.range(0)));
  }
  count(state);
}

BENCHMARK(BM_native);
BENCHMARK(BM_sim_plain);
BENCHMARK(BM_sim_armed);
BENCHMARK(BM_sim_walk)->Arg(64)->Arg(8)->Arg(1);

}  // namespace
}  // namespace anyctx::inject

BENCHMARK_MAIN();
