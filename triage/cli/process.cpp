#include "triage/cli/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    throw SetupError(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  return {ends[0], ends[1]};
}

/// In the child.
[[noreturn]] void execute(const Command& command, int input, int output, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (output >= 0) {
    ::setpgid(0, 0);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::dup2(input >= 0 ? input : ::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  }
  ::signal(SIGPIPE, SIG_DFL);
  for (const auto& [name, value] : command.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

void append_available(int& from, std::string& to) {
  char block[16 << 10];
  const ssize_t size = ::read(from, block, sizeof block);
  if (size > 0) to.append(block, static_cast<std::size_t>(size));
  if (size == 0 || (size < 0 && errno != EINTR)) from = -1;  // poll() ignores negative numbers
}

}  // namespace

Process::Process(const Command& command, Output output, Input input) {
  if (::access(command.words[0].c_str(), X_OK) != 0)
    throw SetupError(fmt::format("cannot run {}: {}; start it through ./anyctx, which builds it",
                                 command.words[0], std::strerror(errno)));
  const Pipe out = output == Output::inherit ? Pipe{} : make_pipe();
  const Pipe err = output == Output::pipes ? make_pipe() : Pipe{-1, out.write};
  const Pipe in = input == Input::pipe ? make_pipe() : Pipe{};
  pid_ = ::fork();
  if (pid_ < 0)
    throw SetupError(fmt::format("cannot start {}: {}", command.words[0], std::strerror(errno)));
  if (pid_ == 0) execute(command, in.read, out.write, err.write);
  if (in.read >= 0) ::close(in.read);
  if (out.write >= 0) ::close(out.write);
  if (err.write >= 0 && err.write != out.write) ::close(err.write);
  input_ = in.write;
  output_ = out.read;
  errors_ = err.read;
}

Process::~Process() {
  if (pid_ > 0 && !poll()) {
    signal(SIGKILL);
    wait();
  }
  if (input_ >= 0) ::close(input_);
  if (output_ >= 0) ::close(output_);
  if (errors_ >= 0) ::close(errors_);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)),
      errors_(std::exchange(other.errors_, -1)),
      exit_(other.exit_) {}

std::optional<Exit> Process::poll() {
  int status = 0;
  if (!exit_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
  }
  return exit_;
}

Exit Process::wait() {
  int status = 0;
  while (!exit_) {
    if (::waitpid(pid_, &status, 0) == pid_)
      exit_ = WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
  }
  return *exit_;
}

void Process::signal(int number) {
  if (!poll()) ::kill(pid_, number);
}

Captured capture(const Command& command) {
  Process process(command, Process::Output::pipes);
  Captured captured;
  pollfd files[] = {{process.output(), POLLIN, 0}, {process.errors(), POLLIN, 0}};
  while (files[0].fd >= 0 || files[1].fd >= 0) {
    if (::poll(files, std::size(files), -1) < 0) continue;
    if (files[0].revents != 0) append_available(files[0].fd, captured.output);
    if (files[1].revents != 0) append_available(files[1].fd, captured.errors);
  }
  captured.exit = process.wait();
  return captured;
}

std::string complaint(std::string_view errors) {
  constexpr std::string_view ours = "anyctx: ";
  if (errors.starts_with(ours)) errors.remove_prefix(ours.size());
  return std::string(errors.substr(0, errors.find('\n')));
}

}  // namespace anyctx::triage
