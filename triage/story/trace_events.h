// Trace events: a run in the JSON format of chrome://tracing, which Perfetto opens. vCPUs are
// processes; tasks, contexts and deferred work are tracks; locks have a process of their own, where
// one sees who holds which; counters follow locks held, nesting and results.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace anyctx::triage {

/// Of what `anyctx-run story` prints. The time of an event is its number in microseconds: order is
/// all that a simulated machine has.
nlohmann::json trace_events(const nlohmann::json& story);

}  // namespace anyctx::triage
