// A small simulated machine for tests: a simulation, its memory, and programs as lambdas.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "inject/sim/sim_machine.h"
#include "lib/defer/sites.h"

namespace anyctx::inject {

namespace test_site {
inline constexpr machine::Site a{240};
inline constexpr machine::Site b{241};
inline constexpr machine::Site lock_a{242};
inline constexpr machine::Site lock_b{243};
inline constexpr machine::Site local{244};
inline constexpr machine::Site limit{245};
inline constexpr machine::Site probe{246};
inline constexpr machine::Site work{247};
inline constexpr machine::Site worker{248};

using machine::SiteKind;
using machine::Verb;
inline constexpr machine::SiteInfo kTable[] = {
    {a, SiteKind::word, "test.a", machine::verbs(Verb::load, Verb::store, Verb::cas, Verb::rmw),
     "a word"},
    {b, SiteKind::word, "test.b", machine::verbs(Verb::load, Verb::store, Verb::cas, Verb::rmw),
     "another word"},
    {lock_a, SiteKind::lock, "test.lock_a", machine::verbs(Verb::trylock, Verb::lock, Verb::unlock),
     "a lock"},
    {lock_b, SiteKind::lock, "test.lock_b", machine::verbs(Verb::trylock, Verb::lock, Verb::unlock),
     "another lock"},
    {local, SiteKind::local_lock, "test.local",
     machine::verbs(Verb::trylock, Verb::lock, Verb::unlock, Verb::test), "a per-CPU lock"},
    {limit, SiteKind::limit, "test.limit", machine::verbs(Verb::limit), "a limit"},
    {probe, SiteKind::probe, "test.probe", machine::verbs(Verb::probe), "a probe"},
    {work, SiteKind::irq_work, "test.work", machine::verbs(Verb::raise), "an interrupt"},
    {worker, SiteKind::worker, "test.worker", machine::verbs(Verb::raise), "a worker"},
};
inline constexpr std::span<const machine::SiteInfo> kTables[] = {machine::kOperationTable,
                                                                 defer::site::kTable, kTable};
}  // namespace test_site

/// Runs lambdas as operations. `lanes` maps a lane to its operations; the result of an operation
/// goes into the digest.
class TestMachine : public HandlerRunner {
 public:
  using Op = std::function<std::uint64_t()>;

  explicit TestMachine(std::size_t memory_bytes = 64 << 10)
      : memory_(memory_bytes), simulation_(memory_) {
    config.sites = test_site::kTables;
  }

  /// Declares the operations of a lane. Tasks run on CPU index mod cpus.
  void lane(Lane lane, std::vector<Op> ops, bool nolock = false) {
    lanes_[lane] = {std::move(ops), nolock};
  }

  /// One run with these decisions, or with a walk. Returns true if there was no verdict.
  bool run(const Decisions& decisions = {}, Draws* draws = nullptr, std::uint32_t rate = 8,
           Recording recording = Recording::decisions) {
    script_.assign(decisions);
    simulation_.reset(config, &script_, draws != nullptr ? Walk(draws, rate) : Walk(), recording);
    if (pct_ != nullptr) simulation_.schedule_by(pct_, kMostSwitches);
    std::vector<Lane> handlers;
    for (const auto& [lane, ops] : lanes_) {
      if (lane.kind != LaneKind::task) handlers.push_back(lane);
    }
    simulation_.set_handlers(this, handlers);
    if (setup && !simulation_.alone(setup)) return false;
    for (const auto& [lane, ops] : lanes_) {
      if (lane.kind != LaneKind::task) continue;
      simulation_.add_task(
          lane, lane.index,
          [](void* self, Lane own) { static_cast<TestMachine*>(self)->run_handler(own, 0); }, this);
    }
    if (!simulation_.run_tasks()) return false;
    return !check || simulation_.alone(check);
  }

  /// One run by random priorities.
  bool run_scheduled(Pct& pct) {
    pct_ = &pct;
    const bool clean = run();
    pct_ = nullptr;
    return clean;
  }

  void run_handler(Lane lane, std::uint16_t entry) override {
    const LaneOps& ops = lanes_.at(lane);
    for (std::size_t i = 0; i < ops.ops.size(); ++i) {
      simulation_.begin_op({.where = {lane, static_cast<std::uint8_t>(i), entry},
                            .nolock = ops.nolock || lane.kind == LaneKind::nmi});
      const std::uint64_t result = ops.ops[i]();
      simulation_.end_op(result);
    }
  }

  Simulation& simulation() { return simulation_; }
  std::uint64_t digest() const { return simulation_.digest(); }

  MachineConfig config;
  std::function<void()> setup;
  std::function<void()> check;

 private:
  static constexpr std::uint32_t kMostSwitches = 64;

  struct LaneOps {
    std::vector<Op> ops;
    bool nolock = false;
  };

  Memory memory_;
  Simulation simulation_;
  Script script_;
  std::map<Lane, LaneOps> lanes_;
  Pct* pct_ = nullptr;
};

inline constexpr Lane task(std::uint8_t index) {
  return {LaneKind::task, index};
}
inline constexpr Lane nmi(std::uint8_t index) {
  return {LaneKind::nmi, index};
}

}  // namespace anyctx::inject
