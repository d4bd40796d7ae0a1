// Races: counts what ThreadSanitizer reports while a simulated machine runs.
//
// For the build with TSan only, and for one file of an executable. Expected reports are printed,
// too.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>

#include "inject/choice/draws.h"
#include "lib/machine/atomic.h"
#include "tests/sim/machine.h"

namespace anyctx::inject {

inline unsigned reports = 0;

}  // namespace anyctx::inject

// Not instrumented: a race in here would be reported from within a report, which hangs.
extern "C" __attribute__((disable_sanitizer_instrumentation)) void __tsan_on_report(void*) {
  ++anyctx::inject::reports;
}
// Reports are what is tested here, and equal ones count.
extern "C" __attribute__((disable_sanitizer_instrumentation)) const char* __tsan_default_options() {
  return "exitcode=0:suppress_equal_stacks=0";
}

namespace anyctx::inject {

using Word = machine::Atomic<Sim, std::uint64_t, test_site::a>;

/// An operation of the code under test.
template <class F>
TestMachine::Op watched(F f) {
  return [f]() -> std::uint64_t {
    const Watched scope;
    f();
    return 0;
  };
}

/// Reports in one run. Without decisions, tasks run one after the other.
inline unsigned races(TestMachine& m, const Decisions& decisions = {}) {
  const unsigned before = reports;
  EXPECT_TRUE(m.run(decisions));
  return reports - before;
}

/// Reports in the run without decisions and in random ones, up to the first run with any.
inline unsigned races_in_walks(TestMachine& m) {
  unsigned found = races(m);
  for (std::uint64_t seed = 0; seed < 300 && found == 0; ++seed) {
    const unsigned before = reports;
    RandomDraws draws(seed);
    EXPECT_TRUE(m.run({}, &draws, 3));
    found += reports - before;
  }
  return found;
}

}  // namespace anyctx::inject
