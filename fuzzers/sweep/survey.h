// Survey: where a run of a program passes, and what could be decided there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzzers/engine/runner.h"

namespace anyctx::sweep {

/// One visit of a point, as decisions address it.
struct Place {
  inject::OpRef where;
  machine::PointId point = 0;
  std::uint16_t occurrence = 1;
  inject::Choices choices;
};

struct Survey {
  std::vector<Place> places;  // in the order of the run
  std::uint64_t left_out = 0;
  engine::RunResult result;
};

/// Runs the program. Of more than `occurrences` (0: no limit) visits that one operation pays to one
/// point, the first ones and the last ones are kept. With `after`, only what comes from the visit
/// on at which that decision was taken; nothing if it was not.
Survey survey(engine::Runner& runner, const program::Program& program, unsigned occurrences,
              const std::optional<inject::Decision>& after = {});

}  // namespace anyctx::sweep
