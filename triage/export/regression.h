// Regression: a finding as a test that fails on the bug and passes on the fix, in one of several
// forms.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace anyctx::triage {

struct Regression {
  std::string name;      // "overlap-1a2b3c4d"
  std::string target;    // "slab"
  std::string kind;      // "overlap", "heap-use-after-free", "timeout"
  std::string headline;  // one line
  std::string program;   // text, minimized
  std::string story;     // several lines: what happened, step by step
  std::string replay;    // the command that shows it
};

/// A form that a finding can be exported to.
struct RegressionForm {
  std::string_view name;       // as after --as
  std::string_view extension;  // of the file: "_test.cpp"
  std::string (*write)(const Regression&);
};

/// GoogleTest: the program, run on the simulated machine by the target itself. What only a
/// sanitizer sees fails in a build that has it.
std::string to_gtest(const Regression& regression);

/// All forms there are.
std::span<const RegressionForm> regression_forms();

/// Each line of `text` behind `mark`, without spaces at the end of a line.
std::string commented(std::string_view text, std::string_view mark);

/// The program for corpus/TARGET/regress: its story as a comment before it.
std::string to_corpus_file(const Regression& regression);

}  // namespace anyctx::triage
