// Judge: what a program shows in one build, as a signature.
//
// Reports of crashes come without symbols, which take five times as long as the run; each new stack
// is looked at once more with them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "triage/cli/installation.h"
#include "triage/cli/run_server.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {

/// What one run showed.
struct Sight {
  bool bug = false;
  Signature signature;     // of a bug
  nlohmann::json verdict;  // null: no bug, or one that ended the process
  std::string output;      // what the process said before it ended
  std::string digest;      // of a run that came to its end
  std::string target;      // likewise
  std::string error;       // it is no program; nothing else is set then
};

class Judge {
 public:
  /// `sanitizer` names a build, empty: the plain one. `raw_target`: of files without a header.
  Judge(const Installation& installation, std::string sanitizer, std::string raw_target,
        std::chrono::milliseconds timeout);

  Sight look(std::string_view program);

  /// The program with all that its walk decided written out, as text; the program itself, if it
  /// has no walk that can be written out.
  std::string record(std::string_view program);

  const std::string& sanitizer() const { return sanitizer_; }
  const std::string& replay_command() const { return replay_command_; }
  void set_timeout(std::chrono::milliseconds timeout);

 private:
  Sight sight_of(const RunServer::Answer& answer, std::string_view program);
  Signature signature_of_crash(const RunServer::Answer& answer, std::string_view program,
                               std::string& output);

  std::string sanitizer_;
  std::string replay_command_;
  RunServer fast_;  // without symbols
  RunServer symbolised_;
  std::string will_;  // where fast_ leaves a program that did not come to its end
  struct Known {
    Signature signature;
    std::string output;
  };
  std::map<std::string, Known> known_;  // by kind and offsets
};

}  // namespace anyctx::triage
