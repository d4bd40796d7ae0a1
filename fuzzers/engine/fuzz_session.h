// FuzzSession: what an engine drives: runs inputs, mutates them as programs, keeps statistics.
//
// Knows no engine; fuzzers/engine/libfuzzer.cpp connects it to libFuzzer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/feedback.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/pins.h"
#include "inject/choice/rng.h"

namespace anyctx::engine {

/// What a search does without, to see what it is worth.
struct Without {
  bool decisions = false;                  // programs are operations only
  bool feedback = false;                   // nothing is kept but what the search began with
  std::vector<std::string> verdicts = {};  // kinds of them that are no findings
};

class FuzzSession {
 public:
  using Input = std::span<const std::uint8_t>;

  /// `counters`: see Feedback. `params`: NAME=VALUE, of all programs. Statistics go to
  /// `stats_path`, if that is not empty: every second, on a verdict, and when save_stats() is
  /// called.
  FuzzSession(const Target& target, std::span<std::uint8_t> counters,
              const std::vector<std::string>& params, std::string stats_path, Without without = {});

  /// From now on, statistics go to this file.
  void keep_stats(std::string path);

  /// Runs one input; false if it is not worth keeping, whatever it reached. On a verdict: tells the
  /// story on standard error and aborts.
  bool run(Input input);

  /// Writes a mutation of the first `size` bytes of `buffer`, or of an input that was run before
  /// the first call, into `buffer`; returns its size. Nothing else counts but the seed.
  std::size_t mutate(std::span<std::uint8_t> buffer, std::size_t size, std::uint32_t seed);

  /// Writes a mixture of both into `out`; returns its size, or 0: try something else.
  std::size_t crossover(Input first, Input second, std::span<std::uint8_t> out, std::uint32_t seed);

  /// If that fails, says why and ends the process: a campaign nobody can see into is worth nothing.
  void save_stats();

 private:
  /// What is known about an input: where decisions could be placed, and which were taken.
  struct Look {
    std::uint64_t input = 0;  // hash
    std::vector<program::VisitedPoint> visited;
    program::Program recorded;
  };

  /// An input that the search began with.
  struct Beginning {
    program::Bytes input;
    std::optional<Look> look;
  };

  void look_at(Input input, const program::Program& program);
  Look look(Input input, const program::Program& program);
  std::size_t mutate_beginning(std::span<std::uint8_t> buffer, inject::Rng& rng);
  std::size_t put_mutation(const Look& look, bool exact, program::Program program,
                           std::span<std::uint8_t> out, inject::Rng& rng);
  std::size_t put(program::Program program, std::span<std::uint8_t> out);
  bool is_finding(const RunResult& result) const;
  [[noreturn]] void report(const program::Program& program);
  void save_stats_if_due();

  const program::Schema& schema_;
  Runner runner_;
  Feedback feedback_;
  program::Pins pins_;
  Without without_;
  std::string stats_path_;
  std::chrono::steady_clock::time_point saved_;
  std::uint64_t executions_ = 0;
  Look look_;
  std::vector<Beginning> beginnings_;
  bool has_begun_ = false;         // mutations were asked for
  std::uint64_t last_output_ = 0;  // hash of the last mutation
};

}  // namespace anyctx::engine
