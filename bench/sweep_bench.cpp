// Sweeps: what exhaustive search costs. Programs of ten operations; one run of each is one
// schedule.
//
//   TARGET/none     the program itself, over and over: what a run costs without a decision
//   TARGET/single   every single decision: faults, NMIs, re-entry, switches; one pass is one
//   iteration TARGET/pairs    pairs of them, 20,000 evenly spread
#include <benchmark/benchmark.h>

#include <string>

#include "fuzzers/ops/text.h"
#include "fuzzers/sweep/sweeper.h"
#include "fuzzers/targets/registry.h"

namespace anyctx::sweep {
namespace {

constexpr std::string_view kSlab =
    "anyctx 1 target=slab\n"
    "task0: a = kmalloc_nolock(1024)\n"
    "       b = kmalloc_nolock(1024)\n"
    "       kfree_nolock(a)\n"
    "       c = kmalloc(1024)\n"
    "       kfree(b)\n"
    "task1: d = kmalloc_nolock(1024)\n"
    "       e = kmalloc(1024)\n"
    "       kfree_nolock(d)\n"
    "       kfree(c)\n"
    "       kfree(e)\n";
constexpr std::string_view kArena =
    "anyctx 1 target=arena\n"
    "task0: a = alloc_pages(2)\n"
    "       b = alloc_pages_non_sleepable(5)\n"
    "       program_access(page0, write)\n"
    "       free_pages(a)\n"
    "       free_pages_non_sleepable(b)\n"
    "task1: c = alloc_pages_non_sleepable(1)\n"
    "       reserve_pages(page9, 2)\n"
    "       touch(process0, page3, write)\n"
    "       free_range(page0, 4)\n"
    "       free_pages_non_sleepable(c)\n";

program::Program parse(const engine::Target& target, std::string_view text) {
  return *program::parse_text(*target.schema, text).program;
}

void none(benchmark::State& state, const engine::Target& target, std::string_view text) {
  engine::Runner runner(target);
  const program::Program program = parse(target, text);
  for (auto _ : state) {
    if (runner.run(program).verdict) return state.SkipWithError("a verdict");
  }
  state.counters["schedules/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void swept(benchmark::State& state, const engine::Target& target, std::string_view text,
           unsigned depth) {
  Sweeper sweeper(target, {.depth = depth, .pairs = 20'000});
  std::uint64_t runs = 0;
  for (auto _ : state) {
    const Plan plan = sweeper.plan(parse(target, text));
    Batch batch;
    sweeper.run(plan, 0, plan.units.size(), batch);
    if (!batch.hits.empty()) return state.SkipWithError("a verdict");
    runs += batch.tally.runs;
  }
  state.counters["schedules"] = static_cast<double>(runs) / static_cast<double>(state.iterations());
  state.counters["schedules/s"] =
      benchmark::Counter(static_cast<double>(runs), benchmark::Counter::kIsRate);
}

void add(const char* name, std::string_view text) {
  const engine::Target& target = *target::find_target(name);
  const std::string prefix = std::string(name) + "/";
  benchmark::RegisterBenchmark((prefix + "none").c_str(), none, target, text);
  benchmark::RegisterBenchmark((prefix + "single").c_str(), swept, target, text, 1u)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark((prefix + "pairs").c_str(), swept, target, text, 2u)
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace anyctx::sweep

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  anyctx::sweep::add("slab", anyctx::sweep::kSlab);
  anyctx::sweep::add("arena", anyctx::sweep::kArena);
  benchmark::RunSpecifiedBenchmarks();
}
