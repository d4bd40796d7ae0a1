#include "triage/cli/sweep_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

namespace anyctx::triage {
namespace {

constexpr std::size_t kMostErrorBytes = 256 << 10;

void read_available(int from, std::string& to) {
  char block[64 << 10];
  for (ssize_t size; (size = ::read(from, block, sizeof block)) > 0;)
    to.append(block, static_cast<std::size_t>(size));
}

}  // namespace

SweepWorker::SweepWorker(const Command& command, std::filesystem::path place)
    : process_(command, Process::Output::pipes),
      place_(std::move(place)),
      since_(std::chrono::steady_clock::now()) {
  ::fcntl(process_.output(), F_SETFL, O_NONBLOCK);
  ::fcntl(process_.errors(), F_SETFL, O_NONBLOCK);
}

std::vector<std::string> SweepWorker::read_lines() {
  read_available(process_.output(), output_);
  read_available(process_.errors(), errors_);
  if (errors_.size() > kMostErrorBytes) errors_.resize(kMostErrorBytes);
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end; (end = output_.find('\n', begin)) != output_.npos; begin = end + 1)
    lines.push_back(output_.substr(begin, end - begin));
  output_.erase(0, begin);
  return lines;
}

SweepPlaceNumbers SweepWorker::place() const {
  SweepPlaceNumbers numbers{};
  std::ifstream in(place_, std::ios::binary);
  in.read(reinterpret_cast<char*>(numbers.data()), sizeof numbers);
  return numbers;
}

void SweepWorker::end_if_stuck(std::chrono::seconds limit) {
  const auto now = std::chrono::steady_clock::now();
  const SweepPlaceNumbers place = this->place();
  if (place != last_place_) {
    last_place_ = place;
    since_ = now;
  } else if (now - since_ > limit) {
    stuck_ = true;
    kill();
  }
}

void SweepWorker::kill() {
  process_.signal(SIGKILL);
}

}  // namespace anyctx::triage
