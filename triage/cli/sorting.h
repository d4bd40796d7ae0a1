// Sorting: turns a pile of inputs into bugs: runs each input, puts those with one signature
// together, replays and minimizes, and tells each bug's story.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "triage/cli/earlier_report.h"
#include "triage/cli/minimization.h"
#include "triage/cli/pile.h"
#include "triage/cli/progress.h"
#include "triage/report/triage_report.h"

namespace anyctx::triage {

struct SortingPlan {
  std::filesystem::path folder;
  std::filesystem::path report;
  std::string target;
  std::string sanitizer;
  unsigned replays = 3;
  std::chrono::seconds time{60};
  std::chrono::milliseconds timeout{5000};
};

class Sorting {
 public:
  Sorting(const Installation& installation, SortingPlan plan, Progress& progress);

  /// Ends early on interrupts(), with what there is. Throws SetupError.
  TriageReport run();

 private:
  /// Inputs with one signature, before anything is done about them.
  struct Bucket {
    std::set<std::string> targets;
    Sight sight;
    std::vector<const PileFile*> files;  // without copies
    std::vector<std::string> names;      // with them
  };

  void look_at(const PileFile& file);
  std::string target_of(const PileFile& file, const Sight& sight);
  void replay(const Bucket& bucket, Bug& bug);
  void minimize(const Bucket& bucket, Bug& bug);
  Minimized minimize_best(const Bucket& bucket, std::vector<Reduced>& all);
  void tell(Bug& bug);
  Bug examine(const Bucket& bucket);
  std::set<std::string> look_around(const Reduced& reduced);
  std::set<std::string> shallower_than(const Bug& bug) const;
  void find_causes();
  void find_alike();

  const Installation& installation_;
  SortingPlan plan_;
  Progress& progress_;
  Judge judge_;
  Judge plain_;
  Minimization minimization_;
  EarlierReport earlier_;
  std::map<std::string, Bucket> buckets_;                  // by EarlierReport::name()
  std::unordered_map<std::string, std::string> contents_;  // to the bucket; empty: harmless
  TriageReport report_;
};

}  // namespace anyctx::triage
