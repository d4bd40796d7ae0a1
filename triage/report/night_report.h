// Night report: what a night of a campaign found, what is new, how it went, and what it did not
// exercise.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "triage/report/night_record.h"
#include "triage/report/triage_report.h"

namespace anyctx::triage {

/// What became of one cell.
struct NightCellReport {
  std::string name;
  std::string target;
  std::string engine;
  std::string sanitizer;
  std::string personality;
  double seconds = 0;
  std::uint64_t executions = 0;
  unsigned coverage = 0;  // edges
  unsigned findings = 0;  // seen here first
  std::string not_run;    // why; empty if it ran
};

struct NightTarget {
  std::string target;
  nlohmann::json exercised;  // as anyctx-run prints it, over all cells
  std::uint64_t corpus = 0;  // inputs
};

struct NightBug {
  Bug bug;
  std::string sanitizer;  // whose build shows it
  bool is_new = true;     // no night before knew it
};

struct NightReport {
  NightRecord record;
  unsigned jobs = 1;
  bool interrupted = false;
  bool known_is_clean = false;
  std::vector<NightCellReport> cells;
  std::vector<NightTarget> targets;
  std::vector<NightBug> bugs;            // new ones first, then the worst
  std::vector<NightFinding> unreplayed;  // seen, but no new process shows them
  std::vector<std::string> gone;         // last night's bugs that nothing shows any more
  nlohmann::json last;                   // to_json() of the night before; null for the first
};

/// Points of a target that nothing reached, or that may fail and never did though reached.
std::vector<std::string> never_reached(const NightTarget& target);
std::vector<std::string> never_failed(const NightTarget& target);

/// Points that this night reached and the one before did not.
std::vector<std::string> newly_reached(const NightReport& report, const NightTarget& target);

/// Targets about which the silence is worth nothing, and why; without those that no time was left
/// for.
std::vector<std::string> proved_nothing(const NightReport& report);

/// 77 if there are bugs that count (70 if all of these are timeouts), 2 if some target proved
/// nothing, else 0.
int exit_code(const NightReport& report);

std::string to_text(const NightReport& report);
nlohmann::json to_json(const NightReport& report);
std::string to_html(const NightReport& report);

}  // namespace anyctx::triage
