#include "inject/threads/trials.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "lib/machine/check.h"

namespace anyctx::inject {
namespace {

constexpr int kLongestMs = 2000;
constexpr std::size_t kLongestText = 2000;

std::string describe(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by ") + ::strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return "ended with " + std::to_string(WEXITSTATUS(status));
  return {};
}

}  // namespace

bool Trials::visit(std::uintptr_t where) {
  if (is_trial_) return true;
  ++places_;
  int ends[2];
  ANYCTX_CHECK_OP(::pipe(ends), ==, 0);
  const int process = ::fork();
  ANYCTX_CHECK_OP(process, >=, 0);
  if (process == 0) {
    is_trial_ = true;
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    scene_.interruption();
    return true;
  }
  ::close(ends[1]);
  const std::string what = watch(ends[0], process);
  ::close(ends[0]);
  if (!what.empty()) findings_.push_back({places_, where, what});
  return false;
}

/// What a trial said, and how it ended if that was not as it should be.
std::string Trials::watch(int output, int process) {
  std::string text;
  pollfd file{output, POLLIN, 0};
  bool ended = false;
  while (!ended) {
    const int ready = ::poll(&file, 1, kLongestMs);
    if (ready == 0) {
      ::kill(process, SIGKILL);
      text += "does not end";
      break;
    }
    char block[512];
    const ssize_t size = ready < 0 ? 1 : ::read(output, block, sizeof block);
    ended = size <= 0;
    if (ready > 0 && size > 0 && text.size() < kLongestText)
      text.append(block, static_cast<std::size_t>(size));
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
  }
  return text.empty() ? describe(status) : text;
}

void Trials::end_trial() {
  const std::string wrong = scene_.check();
  const ssize_t written = ::write(STDERR_FILENO, wrong.data(), wrong.size());
  ::_exit(wrong.empty() && written == 0 ? 0 : 77);
}

void Trials::run(const std::function<void(const std::function<void()>&)>& run) {
  run(scene_.operation);
  if (is_trial_) end_trial();
  if (const std::string wrong = scene_.check(); !wrong.empty()) findings_.push_back({0, 0, wrong});
}

}  // namespace anyctx::inject
