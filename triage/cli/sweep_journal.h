// Sweep journal: a file of all that the workers of a sweep said, so that it can go on later.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "triage/report/sweep_result.h"

namespace anyctx::triage {

class SweepJournal {
 public:
  /// Reads what is there into `result`. Throws SetupError if the file is of a sweep of something
  /// else (`what` says what this one sweeps), or cannot be written.
  SweepJournal(std::filesystem::path path, const nlohmann::json& what, SweepResult& result);

  /// Throws SetupError if there is no room.
  void append(const std::string& line);

 private:
  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace anyctx::triage
