// Simulation: a machine of N virtual CPUs on one OS thread, in which everything that could go one
// way or another is a decision.
//
// Tasks are fibers, placed on CPUs. Interrupts, NMIs and probe programs are nested calls on the
// task they interrupt. Every primitive of the machine contract (lib/machine/machine.h, reached
// through sim_machine.h) visits a point first; at a point, decisions are taken: by a script
// (replay), by a walk (random, bytes, exhaustive), or by nobody, which costs a counter and a
// compare. Without decisions, tasks run one after the other in order.
//
// A run:  reset(), alone(set up), add_task()..., run_tasks(), alone(tear down and check).
// A verdict ends the run where it is found: frames in progress are abandoned, not unwound, so code
// that runs inside must not own heap memory across a primitive.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inject/choice/decision.h"
#include "inject/fault/script.h"
#include "inject/fault/verdict.h"
#include "inject/sched/pct.h"
#include "inject/sched/walk.h"
#include "inject/sim/config.h"
#include "inject/sim/event.h"
#include "inject/sim/lock_order.h"
#include "inject/sim/memory.h"
#include "inject/sim/onlooker.h"
#include "inject/sim/order.h"
#include "inject/sim/stats.h"
#include "inject/sim/task.h"
#include "inject/sim/unwatched.h"
#include "lib/machine/check.h"
#include "lib/machine/machine.h"
#include "lib/machine/raw.h"

namespace anyctx::inject {

/// How closely a run is watched; recording changes no outcome and no digest.
enum class Recording : std::uint8_t {
  decisions,  // only decisions taken
  events,     // and the beginnings and ends of operations, waits, failures
  visits,     // and every point
  choices,    // and what could be decided there
  switches,   // and what it matters for where a task is switched away; choices of switches only
};

/// Handlers are lanes of the program; whoever owns the program runs them.
class HandlerRunner {
 public:
  virtual ~HandlerRunner() = default;
  /// Runs the operations of a handler lane, in the context that was entered. `entry` counts from 0.
  virtual void run_handler(Lane lane, std::uint16_t entry) = 0;
};

/// How often each point of an operation was visited: what a mutator may aim at.
struct VisitCount {
  OpRef where;
  machine::PointId point = 0;
  std::uint16_t count = 0;
};

class Simulation {
 public:
  /// `memory` is the machine's physical memory and outlives the simulation.
  explicit Simulation(Memory& memory);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // --- A run, from outside -----------------------------------------------------------------

  /// Forgets the last run. `script` and `walk`'s draws are not owned.
  void reset(const MachineConfig& config, const Script* script, Walk walk, Recording recording);

  /// After reset(): tasks run in this order, at most `budget` switches out of their own. Not owned.
  void schedule_by(Pct* pct, std::uint32_t budget);

  /// Who looks on in all runs that record events. Not owned; null: nobody.
  void set_onlooker(Onlooker* onlooker) { onlooker_ = onlooker; }

  /// The handler lanes that decisions may enter, and who runs them.
  void set_handlers(HandlerRunner* runner, std::vector<Lane> lanes);

  /// Runs `function` in task context on CPU 0 with no other task; false if a verdict ended the run.
  template <class F>
  bool alone(F&& function) {
    return run_alone([](void* f) { (*static_cast<std::remove_reference_t<F>*>(f))(); }, &function);
  }

  /// Adds a task; `function` runs once on its fiber. At most kMaxTasks.
  using TaskFunction = void (*)(void* argument, Lane lane);
  void add_task(Lane lane, unsigned cpu, TaskFunction function, void* argument);

  /// Runs all tasks to their end and then all deferred work; false if a verdict ended the run.
  bool run_tasks();

  const std::optional<Verdict>& verdict() const { return verdict_; }
  std::uint64_t digest() const { return digest_; }
  const Decisions& taken() const { return taken_; }
  const std::vector<Event>& events() const { return events_; }
  const std::vector<VisitCount>& visits() const { return visits_; }
  void collect_visits(bool on) { collect_visits_ = on; }
  Stats& stats() { return stats_; }
  ANYCTX_UNWATCHED const MachineConfig& config() const { return config_; }
  /// Whether no decision is taken at a point, whatever a program says.
  bool passes_over(machine::PointId point) const;
  ANYCTX_UNWATCHED Memory& memory() { return memory_; }

  // --- From inside: operations and oracles ---------------------------------------------------

  /// The simulation whose code runs on this OS thread. Precondition: there is one.
  ANYCTX_UNWATCHED static Simulation& current() {
    ANYCTX_CHECK(current_ != nullptr);
    return *current_;
  }

  /// Brackets one operation. end_op checks that the operation left the CPU as it found it;
  /// `result` goes into the digest and must not depend on addresses.
  void begin_op(const OpInfo& info);
  void end_op(std::uint64_t result);

  /// Why the current operation may fail; valid until end_op().
  ANYCTX_UNWATCHED const Causes& causes() {
    note_between();
    return frame().causes;
  }
  /// Whether anything but this operation ran, or any decision was taken, since it began.
  ANYCTX_UNWATCHED bool disturbed() {
    note_between();
    return frame().disturbed;
  }
  /// Whether deferred work is in progress, on any CPU or interrupted.
  bool is_working();
  /// Virtual time. It passes only while everything that can run spins.
  ANYCTX_UNWATCHED std::uint64_t now_ns() const { return now_ns_; }
  /// Own steps of the current operation.
  ANYCTX_UNWATCHED std::uint32_t steps() { return frame().steps; }
  ANYCTX_UNWATCHED machine::Context context() { return frame().context; }

  /// Mixes a value that two equal runs must agree on into the digest.
  ANYCTX_UNWATCHED void note(std::uint64_t value) { digest_ = (digest_ ^ value) * kDigestFactor; }

  /// Ends the run with a verdict. Fills in where.
  [[noreturn]] void stop(VerdictKind kind, std::string rule, std::string expected,
                         std::string found);

  /// From now on one report of this bug is expected (a deliberate misuse) and only counted.
  void expect(machine::Bug bug);
  /// Whether the expected report came; resets the expectation.
  bool took_expected();

  // --- The machine contract, called by sim_machine.h only -------------------------------------

  /// A point with something to look at. Returns true if the primitive shall fail.
  bool slow_visit(machine::PointId point, Access access);
  ANYCTX_UNWATCHED bool visit(machine::PointId point, Access access) {
    Frame& frame = *frame_;
    ++frame.seen[point];
    frame.seen_blocks |= std::uint64_t{1} << point / kPointsPerBlock;
    frame.last_point = point;
    digest_ = (digest_ ^ point) * kDigestFactor;
    if (++frame.steps < frame.wake) [[likely]]
      return false;
    return slow_visit(point, access);
  }
  /// Something that is no point, but not the task's own affair either.
  ANYCTX_UNWATCHED void note_between(Access access = Access::none()) {
    if (recording_ == Recording::switches) [[unlikely]]
      add_between(access);
  }
  void note_failure(machine::PointId point, bool injected);

  ANYCTX_UNWATCHED unsigned cpu() const { return task_->cpu; }
  ANYCTX_UNWATCHED Frame& frame() { return *frame_; }
  ANYCTX_UNWATCHED SimTask& task() { return *task_; }
  bool preemptible() {
    const Unwatched unwatched;
    return task_->preemptible();
  }
  machine::IrqState irq_save() {
    const Unwatched unwatched;
    if constexpr (machine::raw::kTsan) order_irqs_off(&order_after);
    if (task_->state.irqs == machine::IrqState::enabled) frame_->irqs_off_at = frame_->steps;
    return std::exchange(task_->state.irqs, machine::IrqState::disabled);
  }
  void irq_restore(machine::IrqState state) {
    const Unwatched unwatched;
    if constexpr (machine::raw::kTsan) order_irqs_off(&order_before);
    task_->state.irqs = state;
    if (state != machine::IrqState::enabled) return;
    check_irqs_off();
    deliver_due();
  }
  void preempt_disable() {
    const Unwatched unwatched;
    if constexpr (machine::raw::kTsan) order_preemption_off(&order_after);
    ++task_->state.preempt_depth;
  }
  void preempt_enable();

  bool try_lock(machine::Site site, std::uint32_t* word, bool local);
  void lock(machine::Site site, std::uint32_t* word, bool local);
  void unlock(machine::Site site, std::uint32_t* word, bool local);
  bool holds_in_outer_frame(const std::uint32_t* word) const;

  void relax(machine::Site site);
  /// The code of a spinning wait was not ready when it last looked; `seen` is progress() before
  /// that. Returns false if the time is over; otherwise lets others run, to look again.
  bool spin(machine::Site site, std::uint64_t until_ns, std::uint64_t seen);
  /// Counts whatever may end somebody's spinning.
  ANYCTX_UNWATCHED std::uint64_t progress() const { return progress_; }
  ANYCTX_UNWATCHED void note_progress() { ++progress_; }
  void raise(machine::Site site, machine::IrqLine* line);
  /// Without a CPU: of the one that this is when the worker is woken.
  void wake_worker(machine::Site site, std::optional<unsigned> cpu, machine::IrqLine* line);
  void might_sleep(machine::Site site);
  void wake(machine::Site site);
  void takes_lock(machine::Site site, const void* lock);
  void drops_lock(machine::Site site, const void* lock);
  void bug(machine::Bug bug, const void* where);

 private:
  static constexpr std::uint64_t kDigestFactor = 0x9e3779b97f4a7c15u;
  static constexpr unsigned kIrqThreads = kMaxTasks;  // first of the per-CPU threads
  static constexpr unsigned kWorkers = kIrqThreads + kMaxCpus;
  static constexpr unsigned kBoot = kWorkers + kMaxCpus;  // the task that alone() runs on
  static constexpr unsigned kTaskSlots = kBoot + 1;
  static constexpr unsigned kNever = 255;  // delay until the end
  static constexpr std::uint64_t kNoTimeLimit = ~std::uint64_t{0};

  struct HeldLock {
    const void* word;
    machine::Site site;
    const SimTask* owner;
  };
  struct PendingLine {
    machine::IrqLine* line;
    unsigned delay;  // operations of this CPU still to pass; kNever: until the end
  };
  struct Cpu {
    SimTask* running = nullptr;    // last to run here and not finished
    SimTask* preempted = nullptr;  // RT: by this CPU's interrupt thread
    SimTask* yielded = nullptr;    // to this CPU's worker, between two operations
    std::vector<PendingLine> pending;
    std::vector<PendingLine> works;
    std::uint16_t work_runs = 0;
    std::uint16_t worker_runs = 0;
    char irqs_off = 0;  // names for order.h
    char preemption_off = 0;
    std::array<std::unique_ptr<Fiber>, 4> handler_fibers;  // TSan: by context
  };
  struct Spinners {
    SimTask* busy = nullptr;
    SimTask* sees_news = nullptr;
    SimTask* first = nullptr;
    std::uint64_t first_ns = kNoTimeLimit;
  };
  struct Entry {
    TaskFunction function;
    void* argument;
    Simulation* simulation;
    SimTask* task;
  };

  // schedule.cpp
  bool run_alone(void (*function)(void*), void* argument);
  void start_task(SimTask& task, unsigned cpu, TaskFunction function, void* argument);
  static Fiber& task_main(void* entry);
  bool enter_machine(SimTask& first);
  void end_fibers();
  Fiber& finish_task();
  bool can_continue(const SimTask& task) const;
  SimTask* pick_next(const SimTask* except);
  void switch_to(SimTask& next);
  void wait_for_others();
  Spinners look_at_spinners();
  SimTask* pick_while_spinning();
  void install(SimTask& task);
  [[noreturn]] void leave_machine();
  [[noreturn]] void report_deadlock();

  // decide.cpp
  SimTask* find_runnable(Lane lane);
  bool take(const Action& action, machine::PointId point);
  bool legal(const Action& action, machine::PointId point);
  Action moderated(Action drawn);
  void legal_actions(machine::PointId point);
  void follow_pct(machine::PointId point);
  Choices choices_at(machine::PointId point);
  void add_switches(Choices& choices, machine::PointId point);
  void add_between(Access access);
  void look_at_switch(machine::PointId point, Access access);
  void record(const Action& action, machine::PointId point);
  void arm(Frame& frame);
  void add_event(EventKind kind, machine::PointId point, std::uint64_t value = 0);
  void add_lock_event(EventKind kind, machine::Site site, const void* word);
  bool may_fail_at(machine::PointId point) const;

  // op.cpp
  Frame& push_frame(FrameKind kind, machine::Context context, const OpRef& where);
  void pop_frame();
  void check_state_restored(const Frame& frame);
  void check_irqs_off();

  // interrupts.cpp
  using Order = void (*)(const void* name);
  void order_irqs_off(Order order);
  void order_preemption_off(Order order);
  bool may_enter(LaneKind kind);
  void enter(Lane lane);
  void nested(void (*function)(Simulation&, void*), void* argument);
  Fiber& handler_fiber();
  void deliver_due();
  bool deliver_while_waiting();
  void interrupt_idle_cpus();
  void run_next_work();
  void yield_to_worker();
  bool run_due(std::vector<PendingLine>& lines, Lane lane, machine::Context context);
  void run_line(machine::IrqLine* line, Lane lane, machine::Context context);
  void tick_delays();
  void expire_delays();
  static bool has_due(const std::vector<PendingLine>& lines);
  static void irq_thread_main(void* simulation, Lane lane);
  static void worker_main(void* simulation, Lane lane);
  void serve(std::vector<PendingLine>& lines, Lane lane, machine::Context context,
             SimTask*& made_way);

  // locks.cpp
  const HeldLock* holder_of(const void* word) const;
  bool sleeps(machine::SiteKind kind) const;
  void check_lock_context(machine::Site site, bool waits);
  void check_lock_order(machine::Site site);
  void take_word(machine::Site site, std::uint32_t* word);
  void forget_held(machine::Site site, const void* word);

  machine::SiteKind kind_of(machine::PointId point) const {
    return site_kinds_[point / machine::kVerbsPerSite];
  }
  std::string name_of(machine::PointId point) const;

  // Hot.
  Frame* frame_ = nullptr;
  SimTask* task_ = nullptr;
  std::uint64_t digest_ = 0;

  MachineConfig config_;
  Memory& memory_;
  const Script* script_ = nullptr;
  Walk walk_;
  Pct* pct_ = nullptr;
  std::uint32_t pct_budget_ = 0;
  Recording recording_ = Recording::decisions;
  bool collect_visits_ = false;
  bool alone_ = false;
  bool stopped_ = false;
  unsigned raise_delay_ = 0;  // what a decision said about the raise() in progress
  std::uint64_t now_ns_ = 0;
  std::uint64_t progress_ = 0;

  Fiber main_fiber_;
  std::vector<std::unique_ptr<SimTask>> tasks_;
  std::array<Entry, kTaskSlots> entries_{};
  std::array<Cpu, kMaxCpus> cpus_;
  unsigned task_count_ = 0;

  HandlerRunner* handlers_ = nullptr;
  Onlooker* onlooker_ = nullptr;
  std::vector<Lane> handler_lanes_;
  std::array<std::array<std::uint16_t, kMaxLanesPerKind>, kLaneKinds> lane_entries_{};

  std::vector<HeldLock> held_;
  LockOrder lock_order_;
  std::array<bool, machine::kMaxPoints> sticky_{};
  bool any_sticky_ = false;
  std::array<machine::SiteKind, machine::kMaxSites> site_kinds_{};
  std::array<std::string_view, machine::kMaxSites> site_names_{};
  machine::PointId point_limit_ = 0;  // one past the greatest point in use
  const std::span<const machine::SiteInfo>* sites_known_ = nullptr;

  std::vector<Action> options_;
  Decisions taken_;
  std::vector<Event> events_;
  std::vector<const void*> locks_seen_;  // in events
  std::vector<VisitCount> visits_;
  std::optional<Verdict> verdict_;
  std::optional<machine::Bug> expected_bug_;
  bool expected_came_ = false;
  Stats stats_;

  static thread_local constinit Simulation* current_;
  friend struct Sim;
};

}  // namespace anyctx::inject
