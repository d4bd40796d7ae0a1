// Earlier report: what the last triage into the same folder knew.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "triage/report/reduced.h"

namespace anyctx::triage {

class EarlierReport {
 public:
  /// Reads DIR/report.json; knows nothing if there is none.
  explicit EarlierReport(const std::filesystem::path& folder);

  /// True if there is a report that cannot be read: then everything counts as new.
  bool broken() const { return broken_; }
  bool knows_input(const std::string& hash) const { return hashes_.contains(hash); }

  struct KnownBug {
    std::string program;            // the smallest one
    std::vector<Reduced> smallest;  // that and those of other inputs
    std::string before;             // how big it was
    bool minimal = false;
  };
  /// The bug with this signature; null if it is new.
  const KnownBug* find(const std::string& key) const;

  const std::map<std::string, KnownBug>& bugs() const { return bugs_; }

 private:
  bool broken_ = false;
  std::set<std::string> hashes_;
  std::map<std::string, KnownBug> bugs_;  // by key
};

}  // namespace anyctx::triage
