// Story: a verdict as one screen of text: what happened in which order, what was decided, and the
// two states that disagree.
#pragma once

#include <string>

#include "fuzzers/engine/runner.h"

namespace anyctx::engine {

/// Runs `program` once more, recording events, and tells what happened. Requires that it yields a
/// verdict; says so if it does not. At most `max_steps` steps are told.
std::string tell_story(Runner& runner, const program::Program& program, unsigned max_steps = 40);

/// Runs `program` once more and tells every point that it passed.
std::string tell_trace(Runner& runner, const program::Program& program);

/// The first line of a story: "anyctx: VERDICT name: rule". Parsed by other tools.
std::string headline(const inject::Verdict& verdict);

/// What the last run of a runner recorded; of a comparison that found something, up to the answer
/// in question.
std::vector<inject::Event> told_events(Runner& runner, const RunResult& result);

}  // namespace anyctx::engine
