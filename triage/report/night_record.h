// Night record: what the events of a night's journal add up to.
//
// A campaign that goes on after it was killed reads its journal into a record, and goes on adding:
// so what it knows then is what it knew before.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace anyctx::triage {

/// Some time of one cell. Times in seconds since the night began, without those in which nothing
/// ran.
struct NightSlice {
  unsigned number = 0;
  std::string cell;
  double begin = 0;
  double seconds = 0;
  std::uint64_t executions = 0;
  unsigned coverage = 0;  // edges, as the engine counts them
  unsigned corpus = 0;    // inputs
  bool done = false;
  bool recovered = false;  // the campaign was ended in the middle of it
  std::string failure;     // why it ran nothing
  std::string remark;
};

/// Totals of all targets at a time.
struct NightSample {
  double t = 0;
  std::uint64_t executions = 0;
  std::uint64_t coverage = 0;  // edges: of each target the most of any cell
  std::uint64_t points = 0;    // reached
  std::uint64_t corpus = 0;    // inputs
  std::uint64_t findings = 0;  // signatures
};

struct NightFinding {
  double t = 0;
  std::string key;
  std::string headline;
  std::string cell;
  std::string name;
};

struct NightSweep {
  double t = 0;
  double seconds = 0;
  std::string target;
  std::uint64_t programs = 0;
  std::uint64_t runs = 0;
  std::uint64_t findings = 0;
  bool complete = false;
  std::string failure;
};

struct NightDistillation {
  std::string target;
  std::uint64_t before = 0;  // inputs
  std::uint64_t after = 0;
  std::string failure;
};

/// Something that went wrong or was waited for.
struct NightRemark {
  double t = 0;
  std::string text;
};

class NightRecord {
 public:
  /// Adds an event:
  ///   {"event": "night", "number", "started", "plan", "budget"}   first
  ///   {"event": "resume", "t"}
  ///   {"event": "slice", "t", "slice", "cell"}
  ///   {"event": "done", "t", "slice", "seconds", "executions", "coverage", "corpus", ..}
  ///   {"event": "sample", "t", "executions", "coverage", "points", "corpus", "findings"}
  ///   {"event": "finding", "t", "key", "headline", "cell", "name"}
  ///   {"event": "sweep" | "distilled" | "remark", ..}
  /// Unknown ones, of a later version, are left out.
  void add(const nlohmann::json& event);

  const nlohmann::json& plan() const { return plan_; }
  unsigned number() const { return number_; }
  const std::string& started() const { return started_; }
  double budget() const { return budget_; }
  double spent() const { return spent_; }  // the time of the last event
  const std::vector<double>& resumed() const { return resumed_; }

  const std::vector<NightSlice>& slices() const { return slices_; }
  const std::vector<NightSample>& samples() const { return samples_; }
  const std::vector<NightFinding>& findings() const { return findings_; }
  const std::vector<NightSweep>& sweeps() const { return sweeps_; }
  const std::vector<NightDistillation>& distillations() const { return distillations_; }
  const std::vector<NightRemark>& remarks() const { return remarks_; }

  bool knows(const std::string& key) const;
  std::uint64_t executions() const;  // of slices that are done

 private:
  std::uint32_t number_ = 0;
  std::string started_;
  nlohmann::json plan_;
  double budget_ = 0;
  double spent_ = 0;
  std::vector<double> resumed_;
  std::vector<NightSlice> slices_;
  std::vector<NightSample> samples_;
  std::vector<NightFinding> findings_;
  std::vector<NightSweep> sweeps_;
  std::vector<NightDistillation> distillations_;
  std::vector<NightRemark> remarks_;
};

}  // namespace anyctx::triage
