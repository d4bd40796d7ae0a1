// Night journal: everything that happened in a night of a campaign, a line of JSON each, so that it
// can go on after any end of the process or the machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

class NightJournal {
 public:
  /// Reads what is there, except a line that was cut short, which is removed. Throws SetupError if
  /// the file cannot be had.
  explicit NightJournal(std::filesystem::path path);
  ~NightJournal();
  NightJournal(const NightJournal&) = delete;
  NightJournal& operator=(const NightJournal&) = delete;

  /// What was there when it was opened.
  const std::vector<nlohmann::json>& events() const { return events_; }

  /// On the disk when it returns. Throws SetupError if there is no room: then the file is as
  /// before.
  void append(const nlohmann::json& event);

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t size_ = 0;
  std::vector<nlohmann::json> events_;
};

}  // namespace anyctx::triage
