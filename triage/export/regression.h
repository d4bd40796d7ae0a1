// Regression: a finding as a test that fails on the bug and passes on the fix, in one of several
// forms.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "triage/export/scenario.h"

namespace anyctx::triage {

struct Regression {
  std::string name;      // "overlap-1a2b3c4d"
  std::string target;    // "slab"
  std::string kind;      // "overlap", "heap-use-after-free", "timeout"
  std::string headline;  // one line
  std::string program;   // text, minimized
  std::string story;     // several lines: what happened, step by step
  std::string replay;    // the command that shows it
  std::string kernel;    // whose sources are the subject, "7.3.4"; empty: ours is
  Scenario scenario;     // what happened
};

struct TestFile {
  std::filesystem::path place;  // of one among several: below the test's folder
  std::string text;
};

/// A test, or why it cannot be written.
struct WrittenTest {
  std::string text;
  std::vector<std::string> reasons;  // one for each thing that cannot be expressed; then no text
  std::vector<TestFile> files = {};  // instead of the text, where the test is a folder
};

/// The files of a test that is at `place`. Requires a test without reasons.
std::vector<TestFile> files_at(const std::filesystem::path& place, WrittenTest test);

/// A form that a finding can be exported to.
struct RegressionForm {
  /// Where tests of it are built: in this clone, or in the tree of a kernel.
  enum class Home { clone, kernel };

  std::string_view name;       // as after --as
  std::string_view extension;  // of the file: "_test.cpp"; none: the test is a folder
  Home home;
  /// Why there is no such test of this target, whatever happened; empty: there may be.
  std::string (*refusal)(std::string_view target);
  WrittenTest (*write)(const Regression&);
};

/// GoogleTest: the program, run on the simulated machine by the target itself. What only a
/// sanitizer sees fails in a build that has it.
extern const RegressionForm kGtestForm;

/// KUnit: the calls of the run, made by the kernel itself.
extern const RegressionForm kKunitForm;

/// Selftests of BPF: a program, and the process that loads it.
extern const RegressionForm kBpfForm;

/// All forms there are.
std::span<const RegressionForm* const> regression_forms();

/// Each line of `text` behind `mark`, without spaces at the end of a line.
std::string commented(std::string_view text, std::string_view mark);

/// The program for corpus/TARGET/regress: its story as a comment before it.
std::string to_corpus_file(const Regression& regression);

}  // namespace anyctx::triage
