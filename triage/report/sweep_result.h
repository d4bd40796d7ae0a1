// Sweep result: what the lines of sweep workers add up to.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

namespace anyctx::triage {

struct SweepCount {
  std::uint64_t visited = 0;    // decisions that were taken
  std::uint64_t not_taken = 0;  // whose point was not reached, or where they were not legal
  std::uint64_t equal = 0;      // not run: the same run as another one
};

/// Own steps of a nolock operation.
struct SweepSteps {
  std::uint64_t most = 0;
  std::uint64_t bound = 0;
};

/// Of one target.
struct SweepTotals {
  std::map<std::string, SweepCount> categories;
  std::vector<SweepCount> schedules;  // with one switch, two, ..
  SweepCount pairs;
  std::uint64_t pairs_possible = 0;
  std::uint64_t runs = 0;
  std::uint64_t programs = 0;
  std::uint64_t full = 0;  // programs without room for another decision
  std::uint64_t places = 0;
  std::uint64_t units = 0;
  std::uint64_t visits_left_out = 0;
  std::uint64_t no_lane = 0;
  std::uint64_t nothing_to_act_on = 0;
  std::uint64_t compared = 0;                    // operations, with another subject's
  std::uint64_t not_compared = 0;                // of programs that ask for it
  std::uint64_t batches = 0;                     // that there are
  std::uint64_t batches_done = 0;                // so far
  std::map<std::string, std::uint64_t> reached;  // by point, listed ones at least
  std::map<std::string, SweepSteps> steps;       // by nolock operation
  std::string certificate;                       // of a small scope: what its programs are
  std::uint64_t programs_of_scope = 0;

  /// True if nothing that could have been tried was left out.
  bool is_complete() const {
    return batches_done == batches && visits_left_out == 0 && no_lane == 0 && full == 0 &&
           pairs.visited + pairs.not_taken == pairs_possible;
  }
};

/// A verdict, or the end of a process, in its first form.
struct SweepFinding {
  std::string key;
  std::string kind;
  std::string headline;
  std::string program;  // text
  std::string story;
  std::string target;
  std::uint64_t runs = 0;
  std::string file;  // where it was saved
};

class SweepResult {
 public:
  /// Adds a line that a worker printed, or that the tool wrote about one that ended:
  ///   {"crash": {"kind": .., "key": .., "headline": ..}, "program": N, "unit": N, "run": N,
  ///    "target": .., "text": .., "story": ..}
  /// Lines that were added before are left out. False if it is none of these.
  bool add(const nlohmann::json& line);

  bool is_done(std::size_t program, std::size_t batch) const {
    return done_.count({program, batch}) != 0;
  }
  /// Lines for the next worker, see `anyctx-run sweep`.
  std::string ledger() const;
  std::size_t crashes(std::size_t program) const;

  /// Only batches whose number n, of all in order, is n % shards == shard are to be done.
  void of_shard(unsigned shard, unsigned shards) { shard_ = shard, shards_ = shards; }

  /// The workers were stopped before they were done: not even all programs may be counted.
  void stopped_early(std::size_t programs) { stopped_early_of_ = programs; }
  /// Of how many programs, if so; otherwise 0.
  std::size_t stopped_early_of() const { return stopped_early_of_; }

  /// By target.
  std::map<std::string, SweepTotals> totals() const;
  std::vector<SweepFinding>& findings() { return findings_; }
  const std::vector<SweepFinding>& findings() const { return findings_; }
  std::uint64_t batches_done() const { return done_.size(); }

 private:
  struct Program {
    std::string target;
    std::uint64_t batches = 0;
  };

  void add_plan(const nlohmann::json& line);
  void add_scope(const nlohmann::json& scope);
  void add_batch(const nlohmann::json& line);
  void add_crash(const nlohmann::json& line);
  void add_finding(SweepFinding finding);

  std::map<std::size_t, Program> programs_;
  std::set<std::pair<std::size_t, std::size_t>> done_;
  std::map<std::size_t, std::set<std::pair<std::uint64_t, std::uint64_t>>> crashed_;
  std::map<std::string, SweepTotals> totals_;
  std::vector<SweepFinding> findings_;
  unsigned shard_ = 0;
  unsigned shards_ = 1;
  std::size_t stopped_early_of_ = 0;
};

}  // namespace anyctx::triage
