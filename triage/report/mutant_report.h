// Mutant report: which planted bugs were found, by what, how soon.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace anyctx::triage {

/// One search, until the first finding or the end of its time.
struct MutantTrial {
  std::uint64_t seed = 0;
  std::string kind;              // of the finding; empty: there was none
  double seconds = 0;            // until the finding, or altogether
  double cpu_seconds = 0;        // altogether, of all processes
  std::uint64_t executions = 0;  // altogether
  std::string file;              // that shows it; empty: none was kept
};

/// All trials of one engine.
struct MutantSearch {
  std::string engine;    // "libfuzzer"; "libfuzzer past structure": verdicts of that kind ignored
  std::string identity;  // trials with another one are not comparable
  double limit = 0;      // seconds of a trial
  std::vector<MutantTrial> trials;

  std::size_t found() const;
  /// Of all trials, those without a finding being the longest; none if it was one of them.
  std::optional<double> median_seconds() const;
  std::optional<double> median_cpu_seconds() const;
  std::optional<std::uint64_t> median_executions() const;
  /// Kinds of the findings, the most frequent one first, each once.
  std::vector<std::string> kinds() const;
};

/// What is known about the finding that was looked at.
struct MutantSmallest {
  std::string kind;
  std::string before;  // "12 ops, 8 decisions"
  std::string after;
  std::string program;
  std::size_t ops = 0;
  std::size_t decisions = 0;
  unsigned same = 0;  // replays
  unsigned replays = 0;
};

/// Whether what is changed made a difference to any input that a search kept.
struct MutantReach {
  std::size_t differ = 0;
  std::size_t inputs = 0;
};

struct MutantRow {
  std::string id;
  std::string target;
  std::string difficulty;             // may be empty
  std::vector<std::string> families;  // that should notice it; may be empty
  std::vector<std::string> expected;  // kinds that prove it
  bool is_planted = true;             // false: the code as it is
  std::vector<MutantSearch> searches;
  std::optional<MutantSmallest> smallest;
  std::optional<MutantReach> reach;  // where nothing was found

  /// The kind that most trials of a search came to: of the first search that shows one of the
  /// families, or else of the first that shows anything. Empty if none does.
  std::string kind() const;
  /// "expected", "another family", "not expected", "not found", "no difference"; "silent", "false
  /// alarm" for the code as it is.
  std::string verdict() const;
  bool is_as_it_should_be() const;
  bool is_of_families(const std::string& kind) const;
};

struct MutantReport {
  std::vector<std::string> engines;  // columns
  std::vector<MutantRow> rows;
  double seconds = 0;
  bool interrupted = false;
};

/// For people, and for pages: a table.
std::string to_text(const MutantReport& report);
std::string to_html(const MutantReport& report);
/// For machines.
nlohmann::json to_json(const MutantReport& report);

/// What a row keeps over runs of the tool.
nlohmann::json to_json(const MutantRow& row);
/// Adds it to a row; what cannot be read is left out.
void add_kept(MutantRow& row, const nlohmann::json& kept);

}  // namespace anyctx::triage
