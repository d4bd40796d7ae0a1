// Causes: which signatures are faces of one bug.
//
// One bug is seen in many ways: what it breaks is found by whoever looks next. In the smallest
// program of a signature everything is needed. If one step less (an operation, a decision, a
// parameter, a plainer argument) shows another signature, or the same program does in another
// build, then what makes one of them is part of what makes the other: they are one bug. Of several
// smallest programs, from different inputs, most must say so: two bugs may meet in one program by
// chance.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace anyctx::triage {

class Causes {
 public:
  /// Of each smallest program of the signature `key`: what was seen around it. None: nothing is
  /// known about it.
  void add(const std::string& key, const std::vector<std::set<std::string>>& around);

  /// The signatures that were added, in groups of one bug each.
  std::vector<std::vector<std::string>> groups() const;

 private:
  std::map<std::string, std::set<std::string>> faces_;  // by signature
};

}  // namespace anyctx::triage
