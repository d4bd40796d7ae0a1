#include "triage/cli/judge.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "triage/cli/files.h"
#include "triage/signature/process_report.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

Command serving(const Installation& installation, const std::string& sanitizer,
                const std::string& raw_target, const std::string& will, bool symbols) {
  Command command = installation.runner(sanitizer).with("serve");
  if (!raw_target.empty()) command.with("--raw").with(raw_target);
  if (!will.empty()) command.with("--will").with(will);
  for (auto& [name, value] : command.environment) {
    if (!symbols) value += ":symbolize=0";
  }
  return command;
}

std::string will_file() {
  return fs::temp_directory_path() / fmt::format("anyctx-will-{}", ::getpid());
}

std::string read_away(const std::string& path) {
  std::string content = read_file(path);
  std::error_code ignored;
  fs::remove(path, ignored);
  return content;
}

}  // namespace

Judge::Judge(const Installation& installation, std::string sanitizer, std::string raw_target,
             std::chrono::milliseconds timeout)
    : sanitizer_(std::move(sanitizer)),
      replay_command_(installation.replay_command(sanitizer_)),
      fast_(serving(installation, sanitizer_, raw_target, will_file(), false), timeout),
      symbolised_(serving(installation, sanitizer_, raw_target, {}, true),
                  std::max(timeout, std::chrono::milliseconds(10'000))),
      will_(will_file()) {}

void Judge::set_timeout(std::chrono::milliseconds timeout) {
  fast_.set_timeout(timeout);
}

Sight Judge::look(std::string_view program) {
  return sight_of(fast_.run(program), program);
}

std::string Judge::record(std::string_view program) {
  const RunServer::Answer answer = fast_.record(program);
  if (answer.end == RunServer::End::answered) {
    return answer.json.value("recorded", std::string(program));
  }
  std::string left = read_away(will_);
  return left.empty() ? std::string(program) : left;
}

Sight Judge::sight_of(const RunServer::Answer& answer, std::string_view program) {
  Sight sight;
  switch (answer.end) {
    case RunServer::End::answered:
      sight.error = answer.json.value("error", "");
      if (!sight.error.empty()) return sight;
      sight.digest = answer.json.at("digest");
      sight.target = answer.json.at("target");
      sight.verdict = answer.json.at("verdict");
      sight.bug = !sight.verdict.is_null();
      if (sight.bug) sight.signature = signature_of_verdict(sight.verdict);
      return sight;
    case RunServer::End::died:
      sight.bug = true;
      sight.signature = signature_of_crash(answer, program, sight.output);
      return sight;
    case RunServer::End::timeout:
      sight.bug = true;
      sight.signature = signature_of_timeout();
      return sight;
  }
  return sight;
}

Signature Judge::signature_of_crash(const RunServer::Answer& answer, std::string_view program,
                                    std::string& output) {
  const ProcessReport report = parse_process_report(answer.errors);
  if (report.offsets.empty()) {  // nothing to look up: a failed CHECK, or a signal
    output = answer.errors;
    Signature signature = signature_of_output(answer.errors);
    if (answer.errors.empty() && answer.exit.signal != 0) {
      signature.key = fmt::format("crash: signal {}", answer.exit.signal);
      signature.headline = fmt::format("the process was ended by signal {}", answer.exit.signal);
    }
    return signature;
  }
  const std::string raw = fmt::format("{} {} {}", report.kind, report.what, report.offsets);
  auto known = known_.find(raw);
  if (known == known_.end()) {
    const RunServer::Answer again = symbolised_.run(program);
    // A program that came after others may behave as the first one does not. Then this is it.
    const std::string& errors = again.end == RunServer::End::died ? again.errors : answer.errors;
    known = known_.emplace(raw, Known{signature_of_output(errors), errors}).first;
  }
  output = known->second.output;
  return known->second.signature;
}

}  // namespace anyctx::triage
