#include "triage/report/line_coverage.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace anyctx::triage {
namespace {

/// The next field up to a comma.
std::string_view take_field(std::string_view& text) {
  const std::size_t end = text.find(',');
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return field;
}

/// 0 for "-", which is a branch that was never asked for.
std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t runs_of(const LineCoverage& coverage, const std::string& file, unsigned line) {
  const auto found = coverage.find(file);
  if (found == coverage.end()) return 0;
  const auto count = found->second.lines.find(line);
  return count == found->second.lines.end() ? 0 : count->second;
}

bool has_branch_not_taken(const FileCoverage& file, unsigned line) {
  for (auto branch = file.branches.lower_bound({line, ""});
       branch != file.branches.end() && branch->first.first == line; ++branch) {
    if (branch->second == 0) return true;
  }
  return false;
}

/// Goes through the lines of one file in order.
class FileComparison {
 public:
  FileComparison(std::string name, const LineCoverage& plain, const FileCoverage& faulty,
                 FaultCoverage& result)
      : plain_(plain), faulty_(faulty), result_(result), file_{.name = std::move(name)} {}

  void run() {
    for (const auto& [line, runs] : faulty_.lines) {
      const bool reached_plainly = runs_of(plain_, file_.name, line) != 0;
      if (reached_plainly) {
        ++file_.without_faults;
      } else if (runs != 0) {
        ++file_.only_with_faults;
      } else {
        ++file_.never;
        extend(line);
        continue;
      }
      end_range();
      before_ = line;
    }
    end_range();
    result_.files.push_back(file_);
  }

 private:
  void extend(unsigned line) {
    if (!range_) range_ = LineRange{line, line};
    range_->last = line;
  }

  /// A range behind a line that was reached, one of whose branches was not taken.
  void end_range() {
    if (range_ && before_ != 0 && has_branch_not_taken(faulty_, before_))
      result_.never_entered.push_back({file_.name, before_, *range_});
    range_.reset();
  }

  const LineCoverage& plain_;
  const FileCoverage& faulty_;
  FaultCoverage& result_;
  FaultCoverage::File file_;
  std::optional<LineRange> range_;
  unsigned before_ = 0;  // the last line that was reached
};

}  // namespace

LineCoverage parse_lcov(std::string_view lcov, std::string_view root) {
  LineCoverage coverage;
  FileCoverage* file = nullptr;
  while (!lcov.empty()) {
    const std::size_t end = lcov.find('\n');
    std::string_view line = lcov.substr(0, end);
    lcov.remove_prefix(end == lcov.npos ? lcov.size() : end + 1);
    if (line.starts_with("SF:")) {
      line.remove_prefix(3);
      if (line.starts_with(root)) line.remove_prefix(root.size());
      while (line.starts_with('/')) line.remove_prefix(1);
      file = &coverage[std::string(line)];
    } else if (file != nullptr && line.starts_with("DA:")) {
      line.remove_prefix(3);
      const auto at = static_cast<unsigned>(number(take_field(line)));
      file->lines[at] += number(take_field(line));
    } else if (file != nullptr && line.starts_with("BRDA:")) {
      line.remove_prefix(5);
      const auto at = static_cast<unsigned>(number(take_field(line)));
      const std::string_view block = take_field(line);
      const std::string_view branch = take_field(line);
      file->branches[{at, fmt::format("{},{}", block, branch)}] += number(take_field(line));
    }
  }
  return coverage;
}

FaultCoverage compare(const LineCoverage& plain, const LineCoverage& faulty) {
  FaultCoverage result;
  for (const auto& [name, file] : faulty) FileComparison(name, plain, file, result).run();
  return result;
}

std::string fault_coverage_text(const FaultCoverage& coverage) {
  std::string text = fmt::format("branches that nothing entered, with or without a fault: {}\n",
                                 coverage.never_entered.size());
  for (const FaultCoverage::Branch& branch : coverage.never_entered) {
    text += fmt::format("  {}:{}: lines {} to {} never ran\n", branch.file, branch.line,
                        branch.behind.first, branch.behind.last);
  }
  text += fmt::format("\n{:<36}{:>16}{:>18}{:>8}\n", "lines reached", "without faults",
                      "only with a fault", "never");
  FaultCoverage::File sum{.name = "together"};
  const auto row = [&](const FaultCoverage::File& file) {
    text += fmt::format("{:<36}{:>16}{:>18}{:>8}\n", file.name, file.without_faults,
                        file.only_with_faults, file.never);
  };
  unsigned untouched = 0;
  for (const FaultCoverage::File& file : coverage.files) {
    if (file.without_faults + file.only_with_faults == 0) {
      ++untouched;
      continue;
    }
    row(file);
    sum.without_faults += file.without_faults;
    sum.only_with_faults += file.only_with_faults;
    sum.never += file.never;
  }
  row(sum);
  if (untouched != 0)
    text += fmt::format("{} more files, in which nothing was reached\n", untouched);
  return text;
}

}  // namespace anyctx::triage
