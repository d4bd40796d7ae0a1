// Schedule tree: every schedule of a program's tasks and workers with at most so many switches that
// the machine would not make by itself, depth first. Below a schedule are those with one switch
// more, later than its last one: at each visit of a point, to each task and worker that can run;
// and where a task goes on that was switched away, unless one of these switches was to this task
// (to go there and away again, without a step, is no schedule of its own).
//
// Not run is what is the same as another schedule. What is used for that: a switch from task A
// before its step i (the primitive at a visit, and what follows it up to A's next visit) is the
// same as the switch behind step i, if nothing that the others do until A goes on has to do with
// step i. So of a row of switches from A to the same task, the last is tried first, with all that
// is below it; the one before it is not tried, nor what is below, if
//   - step i touches nothing that others see, or reads one word. Nobody can tell whether it was
//     done, not even an oracle that looks at everything;
//   - nobody wrote this word, or gave away memory that it is in, between A's switch and A's next
//     step, in any run below the later switch (who goes on there writes what it was about to);
//   - both visits are in the same operation, neither is its beginning or end, the CPU is in the
//     same state at both, and nothing happened in between that interrupts, an oracle or a spinning
//     wait could notice (inject::EventKind::between); no decision of the program is taken there.
//
// Why nothing is lost. Take a schedule s below the earlier switch. Move step i to before the
// switch: this is a schedule t below the later one, with as many switches at most. (A switch of A
// at the visit behind step i becomes a second one at the same visit, where A goes on.) By induction
// over what runs until A goes on: each of these steps starts from the same state in s and t but for
// what step i changed, which is A's own, so it makes the same access; were it a write of the word,
// t has it, too. t need not have been run, but then one has been that t was reduced to, and
// reductions only move steps of others forward, so that what runs there until A goes on is that
// much or more. Everything ends in the same state, operations are inside of each other as before,
// and every oracle is asked in the same state. The position of a switch grows with each reduction,
// so reductions end, at a schedule that is run.
//
// What is taken for granted: between two visits, code touches only what no other task touches
// meanwhile: what it owns, or what its lock (or interrupts and preemption being off) protects.
// Running the same schedules with ThreadSanitizer checks it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "fuzzers/engine/runner.h"

namespace anyctx::sweep {

class ScheduleTree {
 public:
  /// Runs a program, whose last switch is the n-th, with Recording::switches. False: it was left
  /// out, or came to a verdict; what is below is not tried then.
  using Run =
      std::function<bool(const program::Program&, const inject::Decision& last, unsigned n)>;
  /// Called for what is not run, because it is the same as something else.
  using Same = std::function<void(unsigned n)>;

  /// Switches from one operation to one task or worker.
  struct Row {
    inject::OpRef where;
    inject::Lane to;
    inject::Decision last;  // the latest of them
    friend bool operator==(const Row&, const Row&) = default;
  };

  /// The program has no walk. With `reduce`, unless it fails something for good, migrates or stalls
  /// by itself: those are seen by everybody.
  ScheduleTree(engine::Runner& runner, const program::Program& program, unsigned switches,
               bool reduce);

  /// The first switches, in rows: a schedule is below exactly one of them. Runs the program.
  std::vector<Row> rows();

  /// Runs all schedules whose first switch is one of a row.
  void explore(const Row& row, const Run& run, const Same& same);

 private:
  /// A place where the running task can be switched away.
  struct Stop {
    inject::Event event;
    std::size_t index;                  // of the event
    bool can_wait;                      // the next stop is as good, as far as this task goes
    std::vector<inject::Action> taken;  // resume: what was decided at this visit before
  };
  struct Level {
    const inject::Decision& decision;
    const std::vector<Stop>& row;
    std::size_t stop;       // index in the row: where the task was switched away
    std::ptrdiff_t needed;  // the latest stop before it that is not the same; -1: all are
  };

  std::vector<Stop> stops_from(std::size_t first) const;
  bool is_own(const inject::Event& event) const;
  static std::vector<Stop> row_of(const std::vector<Stop>& stops, const inject::OpRef& where,
                                  inject::Lane to);
  std::vector<Row> rows_of(const std::vector<Stop>& stops) const;
  void try_row(const program::Program& program, const std::vector<Stop>& stops, const Row& row);
  void try_below(const program::Program& program, std::size_t first);
  program::Program with(const program::Program& program, const Stop& stop,
                        const inject::Decision& decision) const;
  bool run(const program::Program& program, const inject::Decision& decision);
  void look_at(Level& level) const;

  engine::Runner& runner_;
  const program::Program& program_;
  unsigned switches_;
  bool reduce_;
  std::vector<Level> levels_;
  const Run* run_ = nullptr;
  const Same* same_ = nullptr;
};

}  // namespace anyctx::sweep
