// RunServer: a process of `anyctx-run serve` that runs programs one after the other. Thousands per
// second while they end well or with a verdict; one that crashes or hangs costs a new process.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "triage/cli/process.h"

namespace anyctx::triage {

class RunServer {
 public:
  /// `command` starts anyctx-run; "serve" and its options are added. A run may take `timeout`.
  RunServer(Command command, std::chrono::milliseconds timeout);

  enum class End {
    answered,  // `json` is what fuzzers/run/serve.h says
    died,      // `errors` is what it printed
    timeout,
  };
  struct Answer {
    End end = End::answered;
    nlohmann::json json;
    std::string errors;
    Exit exit;
  };

  /// Throws SetupError if the process cannot be started or does not know what to do.
  Answer run(std::string_view program) { return ask("run", program); }
  Answer record(std::string_view program) { return ask("record", program); }

  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  Answer ask(std::string_view what, std::string_view program);
  bool send(std::string_view what, std::string_view program);
  Answer wait_for_answer();
  Answer end_of_process(End end);
  Answer no_answer_in_time();

  Command command_;
  std::chrono::milliseconds timeout_;
  std::optional<Process> process_;
  std::string output_;
  std::string errors_;
};

}  // namespace anyctx::triage
