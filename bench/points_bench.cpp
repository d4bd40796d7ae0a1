// The simulated machine: what a decision point costs. Baseline: the same loop on the native
// machine.
//
//   plain       no decisions: every point takes its default
//   armed       a script that names another operation: armed, but empty here
//   walk/N      a seeded walk that is asked about every N-th point; walk/1 at every point
#include <benchmark/benchmark.h>

#include "lib/machine/atomic.h"
#include "lib/machine/native.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {
namespace {

constexpr std::uint64_t kTurns = 100'000;
constexpr std::uint64_t kPoints = 2 * 3 * kTurns;  // two tasks, three points a turn

template <class M>
std::uint64_t body(machine::Atomic<M, std::uint64_t, test_site::a>& word) {
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
  machine::Atomic<machine::Native, std::uint64_t, test_site::a> word;
  for (auto _ : state) {
    body(word);
    body(word);
  }
  count(state);
}

/// Two tasks on two CPUs.
class TwoTasks {
 public:
  TwoTasks() {
    machine_.config.cpus = 2;
    machine_.lane(task(0), {[this] { return body(word_); }});
    machine_.lane(task(1), {[this] { return body(word_); }});
  }
  void run(const Decisions& decisions, Draws* draws, std::uint32_t rate) {
    if (!machine_.run(decisions, draws, rate)) std::abort();
  }

 private:
  TestMachine machine_;
  machine::Atomic<Sim, std::uint64_t, test_site::a> word_;
};

void BM_sim_plain(benchmark::State& state) {
  TwoTasks tasks;
  for (auto _ : state) tasks.run({}, nullptr, 1);
  count(state);
}

void BM_sim_armed(benchmark::State& state) {
  TwoTasks tasks;
  const Decision elsewhere{
      {task(3), 0, 0}, machine::point(test_site::a, machine::Verb::load), 1, {}};
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
