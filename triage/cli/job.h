// Job: one running process of an engine.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "triage/cli/process.h"

namespace anyctx::triage {

/// An input that an engine reports.
struct Artifact {
  std::filesystem::path file;
  std::string report;  // what the process said about it; may be empty
};

class Job {
 public:
  /// What the process says is kept in the file `log`.
  Job(const Command& command, const std::filesystem::path& log);
  virtual ~Job() = default;

  /// Reads what is there without waiting.
  void read_output();
  /// How it ended, all output read; none while it runs.
  std::optional<Exit> poll();

  int output() const { return process_.output(); }
  void signal(int number) { process_.signal(number); }
  const std::filesystem::path& log_file() const { return log_path_; }

  /// Inputs reported since the last call.
  virtual std::vector<Artifact> take_artifacts() = 0;
  virtual unsigned coverage() const = 0;  // edges
  virtual unsigned corpus() const = 0;    // inputs
  /// Why it could not begin: one line; empty if it said nothing.
  virtual const std::string& complaint() const = 0;

 private:
  void add(std::string_view output);
  /// One line, without its end.
  virtual void add_line(std::string_view line) = 0;

  Process process_;
  std::filesystem::path log_path_;
  std::ofstream log_file_;
  std::string line_;  // the beginning of a line whose end did not come yet
};

}  // namespace anyctx::triage
