// Line coverage: which lines and branches runs reached, as lcov files say it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace anyctx::triage {

/// Of one source file.
struct FileCoverage {
  std::map<unsigned, std::uint64_t> lines;  // how often each line ran
  // How often each branch was taken: by line, and the number of the branch on it.
  std::map<std::pair<unsigned, std::string>, std::uint64_t> branches;
};

/// By the name of the file, without `root`.
using LineCoverage = std::map<std::string, FileCoverage>;

/// Reads the records SF, DA and BRDA of an lcov file; what it names several times is added up.
LineCoverage parse_lcov(std::string_view lcov, std::string_view root);

/// Some lines that follow each other.
struct LineRange {
  unsigned first = 0;
  unsigned last = 0;
};

struct FaultCoverage {
  struct File {
    std::string name;
    std::uint64_t without_faults = 0;  // lines
    std::uint64_t only_with_faults = 0;
    std::uint64_t never = 0;
  };
  /// A place that was reached, and the lines right behind it that nothing ever entered.
  struct Branch {
    std::string file;
    unsigned line = 0;
    LineRange behind;
  };
  std::vector<File> files;
  std::vector<Branch> never_entered;
};

/// `faulty` is what runs with faults reached, `plain` what others did.
FaultCoverage compare(const LineCoverage& plain, const LineCoverage& faulty);

/// What nothing entered comes first: that is what somebody who hardens error paths reads.
std::string fault_coverage_text(const FaultCoverage& coverage);

}  // namespace anyctx::triage
