// Steps: the events of a run in words, for stories, pages and traces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/ops/program.h"
#include "inject/sim/event.h"

namespace anyctx::engine {

struct Step {
  unsigned number = 0;  // from 1; locks have none, since nobody counts them: 0
  inject::Event event;
  std::string lane;   // the lane that it happened on: "task0", "nmi1", "work0"
  std::string point;  // its name, where the event has one
  std::string text;   // one line; empty for locks
};

/// Every event of a run of `program`, in order.
std::vector<Step> tell_steps(const program::Schema& schema, const program::Program& program,
                             const std::vector<inject::Event>& events);

/// The name of a kind of event: "begin", "end", "decision", "work", "work end", "wait", "fail",
/// "lock", "unlock", "visit".
std::string_view to_string(inject::EventKind kind);

/// The result of an operation as the world told it.
struct Result {
  std::string_view outcome;  // "done", "failed", "nothing to do"
  std::int64_t value = 0;
  std::string_view error;  // "ENOMEM": the value is an errno; worlds tell it in 32 bits, or in 64
};

/// Of the value of an event that ends an operation.
Result result_of(std::uint64_t value);

/// In words: a number, or the name of an errno.
std::string result_text(std::uint64_t value);

}  // namespace anyctx::engine
