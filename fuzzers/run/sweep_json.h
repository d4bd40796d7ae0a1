// Sweep JSON: what sweeps counted and found, for the tool.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "fuzzers/sweep/sweeper.h"

namespace anyctx::run {

nlohmann::json to_json(const sweep::LeftOut& left_out);
nlohmann::json to_json(const sweep::Tally& tally);

/// With the text of the program, and its story, which `runner` runs it for.
nlohmann::json to_json(engine::Runner& runner, const sweep::Hit& hit);

}  // namespace anyctx::run
