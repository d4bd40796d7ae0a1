// Sweep worker: one running `anyctx-run sweep`.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "triage/cli/process.h"

namespace anyctx::triage {

/// What a worker runs: see run::SweepPlace.
using SweepPlaceNumbers = std::array<std::uint64_t, 3>;

class SweepWorker {
 public:
  /// `place`: the file in which the process keeps what it runs.
  SweepWorker(const Command& command, std::filesystem::path place);

  /// Reads what is there without waiting; the whole lines of standard output.
  std::vector<std::string> read_lines();

  /// How it ended, none while it runs; lines may be left to read.
  std::optional<Exit> poll() { return process_.poll(); }

  /// Kills it if it has run the same thing for `limit`; from then on it is_stuck().
  void end_if_stuck(std::chrono::seconds limit);
  bool is_stuck() const { return stuck_; }

  SweepPlaceNumbers place() const;
  const std::string& errors() const { return errors_; }
  int output() const { return process_.output(); }
  void kill();

 private:
  Process process_;
  std::filesystem::path place_;
  std::string output_;
  std::string errors_;
  SweepPlaceNumbers last_place_{};
  std::chrono::steady_clock::time_point since_;
  bool stuck_ = false;
};

}  // namespace anyctx::triage
