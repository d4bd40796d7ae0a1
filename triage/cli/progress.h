// Progress: one updating line on a terminal, a line now and then otherwise. To standard error.
#pragma once

#include <chrono>
#include <string>

namespace anyctx::triage {

class Progress {
 public:
  /// Without a terminal, a line each `period`.
  explicit Progress(std::chrono::seconds period = std::chrono::seconds(10));
  ~Progress() { clear(); }

  /// Shows where things are. Cheap enough for every turn of a loop.
  void show(const std::string& line);

  /// Something to keep: printed once, above the updating line.
  void say(const std::string& line);

  /// Something for a log: printed once, unless there is a terminal, whose line says it already.
  void log(const std::string& line);

  /// Removes the updating line.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::chrono::seconds period_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point next_;
};

}  // namespace anyctx::triage
