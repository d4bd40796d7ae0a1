// KUnit test: what such a test of one target is made of. The form adds its comment and its suite.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "triage/export/regression.h"

namespace anyctx::triage {

struct KunitTest {
  std::string code;                  // C, up to the cases: functions of the names below
  std::vector<std::string> cases;    // "as_it_was_found"
  std::string init;                  // a function of the suite
  std::string exit;                  // the same; may be empty
  std::vector<std::string> notes;    // for its comment: what differs from the run
  std::vector<std::string> reasons;  // why there is none
};

struct KunitTarget {
  std::string_view target;
  std::string_view source;   // the file that is tested: "kernel/bpf/range_tree.c"
  std::string_view folder;   // where the test belongs: "kernel/bpf"
  std::string_view options;  // of kunit.py, each with a space behind it
  /// `suite` is a name that no other test of the kernel has.
  KunitTest (*write)(const Scenario&, const std::string& suite);
};

extern const KunitTarget kKunitRangeTree;
extern const KunitTarget kKunitObjpool;
extern const KunitTarget kKunitRqspinlock;
extern const KunitTarget kKunitSlab;

/// Verdicts of sanitizers: a test sees them if the kernel is built with KASAN.
bool needs_kasan(const Scenario& scenario);

}  // namespace anyctx::triage
