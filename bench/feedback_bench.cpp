// Feedback: whether an engine that is told of states finds more of them than one that sees code
// coverage only. Fuzzes targets both ways, with several seeds, one process at a time, and counts
// what was exercised at all: pairs of a point and a context in which it was reached, failed by
// itself or failed by decision, and of a point and a handler that was entered there.
//
//   feedback-bench FUZZERS SECONDS SEEDS TARGET...    FUZZERS: a folder, build/fuzz-address/bin
//
// Prints the median over the seeds at a tenth, a third and the whole of the time, and how many
// seeds saw more with states.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "triage/cli/files.h"
#include "triage/cli/process.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr unsigned kTenths[] = {1, 3, 10};
using Sample = std::array<std::size_t, std::size(kTenths)>;

std::size_t exercised(const fs::path& stats) {
  std::size_t count = 0;
  const json document = json::parse(read_file(stats), nullptr, false);
  if (!document.is_object()) return 0;
  for (const json& point : document["points"]) {
    for (const char* outcome : {"reached", "failed", "injected", "entered"})
      count += point[outcome].size();
  }
  return count;
}

Sample fuzz(const fs::path& fuzzer, unsigned seconds, unsigned seed, std::string_view feedback) {
  const fs::path place = fs::temp_directory_path() / "anyctx-feedback-bench";
  fs::remove_all(place);
  fs::create_directories(place / "corpus");
  const fs::path stats = place / "stats.json";
  Command command{
      {fuzzer, fmt::format("-seed={}", seed), "-timeout=10", "-max_len=32768",
       fmt::format("-max_total_time={}", seconds + 2), fmt::format("--stats={}", stats.string()),
       fmt::format("--feedback={}", feedback), place / "corpus"},
      {}};
  Process process(command, Process::Output::pipes);
  std::thread reader([&process] {
    char block[4096];
    while (::read(process.errors(), block, sizeof block) > 0) {
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  Sample sample{};
  for (std::size_t i = 0; i < sample.size(); ++i) {
    std::this_thread::sleep_until(begin + milliseconds(seconds * kTenths[i] * 100));
    sample[i] = exercised(stats);
  }
  process.signal(SIGKILL);
  process.wait();
  reader.join();
  return sample;
}

Sample median(std::vector<Sample> samples) {
  Sample result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::sort(samples.begin(), samples.end(),
              [i](const Sample& left, const Sample& right) { return left[i] < right[i]; });
    result[i] = samples[samples.size() / 2][i];
  }
  return result;
}

void compare(const fs::path& fuzzer, const std::string& target, unsigned seconds, unsigned seeds) {
  std::vector<Sample> code;
  std::vector<Sample> state;
  unsigned more = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    code.push_back(fuzz(fuzzer, seconds, seed, "code"));
    state.push_back(fuzz(fuzzer, seconds, seed, "state"));
    more += state.back().back() > code.back().back() ? 1 : 0;
  }
  fmt::print("{}: after {}, {} and {} s: code {}, state {}; more with states in {} of {}\n", target,
             seconds * 0.1, seconds * 0.3, seconds, fmt::join(median(code), " "),
             fmt::join(median(state), " "), more, seeds);
  std::fflush(stdout);
}

unsigned number(const char* text) {
  unsigned value = 0;
  std::from_chars(text, text + std::string_view(text).size(), value);
  return value;
}

}  // namespace
}  // namespace anyctx::triage

int main(int argc, char** argv) {
  using namespace anyctx::triage;
  if (argc < 5 || number(argv[2]) == 0 || number(argv[3]) == 0) {
    fmt::print(stderr, "usage: feedback-bench FUZZERS SECONDS SEEDS TARGET...\n");
    return 2;
  }
  for (int i = 4; i < argc; ++i) {
    const std::filesystem::path fuzzer =
        std::filesystem::path(argv[1]) / (std::string(argv[i]) + "_fuzzer");
    if (!std::filesystem::exists(fuzzer)) {
      fmt::print(stderr, "feedback-bench: {}: build it first\n", fuzzer.string());
      return 2;
    }
    compare(fuzzer, argv[i], number(argv[2]), number(argv[3]));
  }
}
