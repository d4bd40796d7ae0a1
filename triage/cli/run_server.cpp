#include "triage/cli/run_server.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLastWill{500};          // for a process that hangs to write it
constexpr std::size_t kMostErrors = 256 << 10;  // the rest is read and forgotten

/// False at the end of the stream.
bool append_block(int from, std::string& to) {
  char block[16 << 10];
  const ssize_t size = ::read(from, block, sizeof block);
  if (size > 0 && to.size() < kMostErrors) to.append(block, static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && (errno == EINTR || errno == EAGAIN));
}

}  // namespace

RunServer::RunServer(Command command, milliseconds timeout)
    : command_(std::move(command)), timeout_(timeout) {
  ::signal(SIGPIPE, SIG_IGN);  // a write to a process that died says so itself
}

RunServer::Answer RunServer::ask(std::string_view what, std::string_view program) {
  if (!process_) process_.emplace(command_, Process::Output::pipes, Process::Input::pipe);
  output_.clear();
  errors_.clear();
  if (!send(what, program)) return end_of_process(End::died);
  return wait_for_answer();
}

bool RunServer::send(std::string_view what, std::string_view program) {
  const std::string request = fmt::format("{} {}\n{}", what, program.size(), program);
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t size = ::write(process_->input(), request.data() + sent, request.size() - sent);
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) sent += static_cast<std::size_t>(size);
  }
  return true;
}

RunServer::Answer RunServer::wait_for_answer() {
  const auto until = Clock::now() + timeout_;
  pollfd files[] = {{process_->output(), POLLIN, 0}, {process_->errors(), POLLIN, 0}};
  while (output_.empty() || output_.back() != '\n') {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    if (left <= milliseconds(0)) return no_answer_in_time();
    if (::poll(files, std::size(files), static_cast<int>(left.count())) <= 0) continue;
    if (files[1].revents != 0 && !append_block(files[1].fd, errors_)) files[1].fd = -1;
    if (files[0].revents != 0 && !append_block(files[0].fd, output_)) {
      while (files[1].fd >= 0 && append_block(files[1].fd, errors_)) continue;
      return end_of_process(End::died);
    }
  }
  Answer answer;
  answer.json = nlohmann::json::parse(output_, nullptr, false);
  if (!answer.json.is_object())
    throw SetupError(fmt::format("{} gives no answer; remove the folder build and start again",
                                 command_.words[0]));
  return answer;
}

RunServer::Answer RunServer::no_answer_in_time() {
  process_->signal(SIGABRT);  // the time to write its last will
  const auto until = Clock::now() + kLastWill;
  while (!process_->poll() && Clock::now() < until) ::usleep(5000);
  process_->signal(SIGKILL);
  return end_of_process(End::timeout);
}

RunServer::Answer RunServer::end_of_process(End end) {
  const Exit exit = process_->wait();
  process_.reset();
  if (exit.code == kExitSetup || exit.code == 127)
    throw SetupError(fmt::format("{} does not work: {}", command_.words[0], errors_));
  return {end, {}, std::move(errors_), exit};
}

}  // namespace anyctx::triage
