#include "fuzzers/run/sweep_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "fuzzers/engine/exercised.h"
#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/run/sweep_json.h"
#include "fuzzers/run/sweep_place.h"
#include "fuzzers/sweep/small_scope.h"

namespace anyctx::run {
namespace {

using engine::kExitClean;
using engine::SetupError;
using engine::Target;
using nlohmann::json;
using sweep::Batch;
using sweep::Plan;
using sweep::Subject;
using sweep::Sweeper;

constexpr std::size_t kUnitsPerBatch = 256;
constexpr std::size_t kUnitsPerBatchOfPairs = 4;
constexpr std::size_t kProgramsPerBatch = 8;  // of a small scope

std::vector<Subject> subjects_of(std::span<const Target> targets, const SweepOptions& options) {
  std::vector<Subject> subjects;
  if (options.scope != 0) {
    const Target& target = engine::find_or_throw(targets, options.files.front());
    subjects = sweep::small_scope(target, options.scope);
    if (subjects.empty())
      throw SetupError(
          fmt::format("target {} has no small scope; sweep its programs", target.name()));
    return subjects;
  }
  for (const std::string& path : options.files) {
    engine::ProgramFile file = engine::load_program(targets, path, {});
    subjects.push_back({file.target, std::move(file.program), path});
  }
  return subjects;
}

/// What is done already, and what must not be run again.
class Ledger {
 public:
  explicit Ledger(const std::string& path) {
    if (path.empty()) return;
    std::string content;
    if (const std::string error = engine::load_file(path, content); !error.empty())
      throw SetupError(error);
    std::istringstream in(content);
    for (std::string word; in >> word;) {
      std::size_t program = 0;
      std::size_t number = 0;
      std::size_t n = 0;
      in >> program >> number;
      if (word == "skip" && in >> n) skipped_.insert({program, number, n});
      if (word == "done") done_.emplace(program, number);
    }
  }

  bool is_done(std::size_t program, std::size_t batch) const {
    return done_.count({program, batch}) != 0;
  }
  bool is_skipped(std::size_t program, std::size_t unit, std::size_t n) const {
    return !skipped_.empty() && skipped_.count({program, unit, n}) != 0;
  }
  /// A program that ends the process by itself.
  bool is_skipped(std::size_t program) const {
    return is_skipped(program, SweepPlace::kPlanning, 0);
  }

 private:
  std::set<std::pair<std::size_t, std::size_t>> done_;
  std::set<std::array<std::size_t, 3>> skipped_;  // program, unit, run of that unit
};

void print_line(const json& line) {
  const std::string text = line.dump() + "\n";
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw SetupError("cannot write to standard output");
}

class Worker {
 public:
  Worker(std::span<const Target> targets, const SweepOptions& options)
      : options_(options),
        subjects_(subjects_of(targets, options)),
        ledger_(options.done),
        place_(options.place) {}

  int run() {
    if (!options_.describe.empty()) return describe();
    if (options_.scope != 0) {
      run_scope();
    } else {
      for (std::size_t program = 0; program < subjects_.size(); ++program) run_program(program);
    }
    return kExitClean;
  }

 private:
  Sweeper& sweeper_of(const Target& target) {
    if (!sweeper_ || &sweeper_->runner().target() != &target)
      sweeper_ = std::make_unique<Sweeper>(target, options_.what);
    return *sweeper_;
  }

  /// Whether a batch, the n-th of all that this worker comes to, is part of its share.
  bool is_own(std::size_t program, std::size_t batch) {
    const std::size_t index = next_++;
    return index % options_.shards == options_.shard &&
           index / options_.shards % options_.jobs == options_.job &&
           !ledger_.is_done(program, batch);
  }

  Plan plan(std::size_t program) {
    place_.enter(program, SweepPlace::kPlanning, 0);
    return sweeper_of(*subjects_[program].target).plan(subjects_[program].program);
  }

  void run_units(std::size_t program, const Plan& plan, std::size_t first, std::size_t last,
                 Batch& batch) {
    Sweeper& sweeper = *sweeper_;
    if (first == 0 && plan.guilty) sweeper.run(*plan.guilty, batch);
    sweeper.run(plan, first, last, batch,
                [&](std::size_t unit, std::size_t n, const program::Program&) {
                  if (ledger_.is_skipped(program, unit, n)) return false;
                  place_.enter(program, unit, n);
                  return true;
                });
  }

  void print_batch(std::size_t program, std::size_t number, std::size_t batches, const Batch& batch,
                   json line) {
    engine::Runner& runner = sweeper_->runner();
    engine::Exercised exercised(*runner.target().schema);
    add(exercised, runner);
    json steps = json::object();
    for (std::size_t code = 0; code < runner.op_mix().by_code.size(); ++code) {
      const std::uint32_t most = runner.op_mix().by_code[code].most_steps;
      const program::OpSpec& op = exercised.schema.ops[code];
      if (most != 0)
        steps[std::string(op.name)] = {{"most", most},
                                       {"bound", op.most_steps * runner.target().step_scale}};
    }
    json hits = json::array();
    for (const sweep::Hit& hit : batch.hits) hits.push_back(to_json(runner, hit));
    line.update({{"program", program},
                 {"batch", number},
                 {"batches", batches},
                 {"target", runner.target().name()},
                 {"tally", to_json(batch.tally)},
                 {"hits", std::move(hits)},
                 {"most_steps", std::move(steps)},
                 {"exercised", engine::to_json(exercised)}});
    print_line(line);
    runner.clear_counts();
  }

  void run_program(std::size_t program) {
    if (ledger_.is_skipped(program)) return;
    const Plan plan = this->plan(program);
    const std::size_t size = options_.what.switches > 1 ? 1
                             : options_.what.depth > 1  ? kUnitsPerBatchOfPairs
                                                        : kUnitsPerBatch;
    const std::size_t batches = std::max<std::size_t>((plan.units.size() + size - 1) / size, 1);
    print_line({{"program", program},
                {"file", subjects_[program].name},
                {"target", subjects_[program].target->name()},
                {"units", plan.units.size()},
                {"places", plan.places.size()},
                {"batches", batches},
                {"left_out", to_json(plan.left_out)}});
    sweeper_->runner().clear_counts();
    for (std::size_t number = 0; number < batches; ++number) {
      if (!is_own(program, number)) continue;
      Batch batch;
      run_units(program, plan, number * size, (number + 1) * size, batch);
      print_batch(program, number, batches, batch, json::object());
    }
  }

  /// All programs of a small scope count as one, whose batches are of several programs each.
  void run_scope() {
    const std::size_t batches = (subjects_.size() + kProgramsPerBatch - 1) / kProgramsPerBatch;
    const Target& target = *subjects_.front().target;
    print_line({{"program", 0},
                {"scope",
                 {{"target", target.name()},
                  {"length", options_.scope},
                  {"programs", subjects_.size()},
                  {"alphabet", target.sweep->scope_ops},
                  {"params", target.sweep->scope_params}}}});
    for (std::size_t number = 0; number < batches; ++number) {
      if (!is_own(0, number)) continue;
      const std::size_t first = number * kProgramsPerBatch;
      const std::size_t last = std::min(first + kProgramsPerBatch, subjects_.size());
      Batch batch;
      std::size_t units = 0;
      std::size_t places = 0;
      for (std::size_t program = first; program < last; ++program) {
        if (ledger_.is_skipped(program)) continue;
        const Plan plan = this->plan(program);
        units += plan.units.size();
        places += plan.places.size();
        run_units(program, plan, 0, plan.units.size(), batch);
      }
      print_batch(0, number, batches, batch,
                  {{"programs", last - first}, {"units", units}, {"places", places}});
    }
  }

  /// Prints the program of one run, after the runs of its unit that come before it.
  int describe() {
    std::size_t program = 0;
    std::size_t unit = 0;
    std::size_t n = 0;
    char colon = 0;
    std::istringstream in(options_.describe);
    if (!(in >> program >> colon >> unit >> colon >> n) || program >= subjects_.size())
      throw SetupError("--describe needs PROGRAM:UNIT:RUN");
    const Subject& subject = subjects_[program];
    std::string text = program::to_text(*subject.target->schema, subject.program);
    if (unit != SweepPlace::kPlanning) {
      const Plan plan = this->plan(program);
      Batch batch;
      bool found = false;
      sweeper_->run(plan, unit, unit + 1, batch,
                    [&](std::size_t, std::size_t run, const program::Program& tried) {
                      if (run == n) text = program::to_text(*subject.target->schema, tried);
                      found = found || run == n;
                      return !found;
                    });
      if (!found) throw SetupError("--describe: there is no such run");
    }
    fmt::print("{}", text);
    return kExitClean;
  }

  const SweepOptions& options_;
  std::vector<Subject> subjects_;
  Ledger ledger_;
  SweepPlace place_;
  std::unique_ptr<Sweeper> sweeper_;
  std::size_t next_ = 0;  // batches so far, of whomever
};

}  // namespace

int sweep_share(std::span<const Target> targets, const SweepOptions& options) {
  return Worker(targets, options).run();
}

}  // namespace anyctx::run
