// TimeLimit: ends the process if something takes too long in real time. For a subject that hangs
// the host: a loop without a decision point is out of reach of the simulation's own bounds.
#pragma once

#include <string>

namespace anyctx::engine {

/// While it lives: after `seconds`, prints "anyctx: WHAT did not end within N s" and exits with 70.
/// At most one at a time; 0 seconds: no limit.
class TimeLimit {
 public:
  TimeLimit(unsigned seconds, const std::string& what);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
};

}  // namespace anyctx::engine
