// Construction, reset and verdicts. The rest is in schedule.cpp, op.cpp, decide.cpp,
// interrupts.cpp and locks.cpp.
#include "inject/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>

namespace anyctx::inject {

thread_local constinit Simulation* Simulation::current_ = nullptr;

Simulation::Simulation(Memory& memory) : memory_(memory) {
  for (unsigned i = 0; i < kMaxTasks; ++i) {
    tasks_.push_back(std::make_unique<SimTask>(Lane{LaneKind::task, static_cast<std::uint8_t>(i)}));
  }
  for (unsigned i = 0; i < kMaxCpus; ++i) {
    tasks_.push_back(std::make_unique<SimTask>(Lane{LaneKind::work, static_cast<std::uint8_t>(i)}));
  }
  for (unsigned i = 0; i < kMaxCpus; ++i) {
    tasks_.push_back(
        std::make_unique<SimTask>(Lane{LaneKind::worker, static_cast<std::uint8_t>(i)}));
  }
  tasks_.push_back(std::make_unique<SimTask>(Lane{LaneKind::task, kMaxLanesPerKind}));
  for (Cpu& cpu : cpus_) {
    cpu.pending.reserve(64);
    cpu.works.reserve(64);
  }
  held_.reserve(64);
  options_.reserve(64);
}

Simulation::~Simulation() = default;

void Simulation::reset(const MachineConfig& config, const Script* script, Walk walk,
                       Recording recording) {
  config_ = config;
  if (!config_.smp) config_.cpus = 1;
  ANYCTX_CHECK(config_.cpus >= 1 && config_.cpus <= kMaxCpus);
  script_ = script;
  walk_ = walk;
  pct_ = nullptr;
  recording_ = recording;
  if (sites_known_ != config.sites.data() || point_limit_ == 0) {
    sites_known_ = config.sites.data();
    point_limit_ = 0;
    for (const auto& table : config.sites) {
      for (const machine::SiteInfo& info : table) {
        site_kinds_[info.site.id] = info.kind;
        site_names_[info.site.id] = info.name;
        point_limit_ =
            std::max(point_limit_,
                     static_cast<machine::PointId>((info.site.id + 1) * machine::kVerbsPerSite));
      }
    }
  }
  for (auto& task : tasks_) {
    task->run_state = TaskState::absent;
    task->depth = 0;
    task->state = {};
    task->waits_for = nullptr;
  }
  for (Cpu& cpu : cpus_) {
    cpu.running = nullptr;
    cpu.preempted = nullptr;
    cpu.yielded = nullptr;
    cpu.pending.clear();
    cpu.works.clear();
    cpu.work_runs = 0;
    cpu.worker_runs = 0;
  }
  task_count_ = 0;
  lane_entries_ = {};
  held_.clear();
  lock_order_.reset();
  if (any_sticky_) sticky_.fill(false);
  any_sticky_ = false;
  handlers_ = nullptr;
  handler_lanes_.clear();
  taken_.clear();
  events_.clear();
  locks_seen_.clear();
  visits_.clear();
  verdict_.reset();
  expected_bug_.reset();
  expected_came_ = false;
  stopped_ = false;
  frame_ = nullptr;
  task_ = nullptr;
  main_fiber_.stand_for_caller();
  digest_ = 0x616e79637478;
  now_ns_ = 0;
  progress_ = 0;
  memory_.reset();
  ++stats_.runs;
}

void Simulation::set_handlers(HandlerRunner* runner, std::vector<Lane> lanes) {
  handlers_ = runner;
  handler_lanes_ = std::move(lanes);
}

std::string Simulation::name_of(machine::PointId point) const {
  const unsigned site = point / machine::kVerbsPerSite;
  const std::string_view verb =
      machine::verb_name(site_kinds_[site], point % machine::kVerbsPerSite);
  return verb.empty() ? std::string(site_names_[site])
                      : fmt::format("{}.{}", site_names_[site], verb);
}

void Simulation::stop(VerdictKind kind, std::string rule, std::string expected, std::string found) {
  const Unwatched unwatched;
  const Frame& at = frame();
  verdict_ = Verdict{.kind = kind,
                     .rule = std::move(rule),
                     .expected = std::move(expected),
                     .found = std::move(found),
                     .in_op = at.kind == FrameKind::op || at.kind == FrameKind::work,
                     .where = at.where,
                     .cpu = cpu(),
                     .context = at.context,
                     .point = at.last_point};
  stopped_ = true;
  if (onlooker_ != nullptr && recording_ != Recording::decisions)
    onlooker_->stopped(*task_->running);
  leave_machine();
}

void Simulation::expect(machine::Bug bug) {
  const Unwatched unwatched;
  expected_bug_ = bug;
  expected_came_ = false;
}

bool Simulation::took_expected() {
  const Unwatched unwatched;
  expected_bug_.reset();
  return std::exchange(expected_came_, false);
}

void Simulation::bug(machine::Bug bug, const void*) {
  const Unwatched unwatched;
  if (expected_bug_ == bug) {
    expected_came_ = true;
    return;
  }
  stop(verdict_of(bug), "the code under test reports that it was misused or corrupted", "no report",
       std::string(machine::to_string(bug)));
}

}  // namespace anyctx::inject
