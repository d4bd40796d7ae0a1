// Job: one running libFuzzer process.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "triage/cli/engine_log.h"
#include "triage/cli/process.h"

namespace anyctx::triage {

class Job {
 public:
  /// What the process says is kept in the file `log`; it keeps its statistics in `stats`.
  Job(const Command& command, const std::filesystem::path& log, std::filesystem::path stats);

  /// Reads what is there without waiting.
  void read_output();

  /// How it ended, all output read; none while it runs.
  std::optional<Exit> poll();

  int output() const { return process_.output(); }
  void signal(int number) { process_.signal(number); }
  const EngineLog& log() const { return log_; }
  const std::filesystem::path& log_file() const { return log_path_; }
  const std::filesystem::path& stats() const { return stats_; }

 private:
  void add(std::string_view output);

  Process process_;
  std::filesystem::path log_path_;
  std::filesystem::path stats_;
  std::ofstream log_file_;
  EngineLog log_;
  std::string line_;  // the beginning of a line whose end did not come yet
};

}  // namespace anyctx::triage
