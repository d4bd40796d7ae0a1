#include "triage/cli/job.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

Job::Job(const Command& command, const std::filesystem::path& log)
    : process_(command, Process::Output::pipe), log_path_(log), log_file_(log) {
  ::fcntl(process_.output(), F_SETFL, O_NONBLOCK);
}

void Job::read_output() {
  char block[16 << 10];
  for (;;) {
    const ssize_t size = ::read(process_.output(), block, sizeof block);
    if (size <= 0) return;
    add({block, static_cast<std::size_t>(size)});
  }
}

std::optional<Exit> Job::poll() {
  const std::optional<Exit> exit = process_.poll();
  if (exit) read_output();
  return exit;
}

void Job::add(std::string_view output) {
  log_file_ << output << std::flush;
  if (!log_file_)
    throw SetupError(fmt::format("cannot write {}; make room or choose --out", log_path_.string()));
  line_ += output;
  for (std::size_t end; (end = line_.find('\n')) != line_.npos; line_.erase(0, end + 1)) {
    add_line(std::string_view(line_).substr(0, end));
  }
}

}  // namespace anyctx::triage
