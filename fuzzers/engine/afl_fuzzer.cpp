// AFL++ glue: the entry points that its driver calls. An executable for AFL++ consists of the same
// objects as the one for libFuzzer; this takes the place of libfuzzer.cpp.
//
// They are compiled with the counters that libFuzzer wants. AFL++'s runtime is told of as many
// guards as there are counters, so that it makes room for them in its map, and what was counted is
// copied there after each run.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "fuzzers/engine/fuzz_session.h"
#include "fuzzers/engine/fuzzer_arguments.h"
#include "fuzzers/engine/libfuzzer.h"

extern "C" {
// Of AFL++'s runtime.
extern std::uint8_t* __afl_area_ptr;
void __sanitizer_cov_trace_pc_guard_init(std::uint32_t* start, std::uint32_t* stop);
}

namespace anyctx::engine {
namespace {

/// Counters of this executable, and where their place in the map begins.
struct Counters {
  std::span<std::uint8_t> counts;
  std::uint32_t place = 0;
};

constexpr unsigned kMostRanges = 16;
Counters ranges[kMostRanges];  // written before main() only
unsigned range_count = 0;

std::uint8_t extra_counters[kStateCounters];
std::uint8_t unseen_counters[kStateCounters];

void register_counters(std::uint8_t* start, std::uint8_t* stop) {
  for (unsigned i = 0; i < range_count; ++i) {
    if (ranges[i].counts.data() == start) return;
  }
  if (start == stop || range_count == kMostRanges) return;
  const std::span<std::uint8_t> counts(start, stop);
  std::vector<std::uint32_t> guards(counts.size());
  __sanitizer_cov_trace_pc_guard_init(guards.data(), guards.data() + guards.size());
  ranges[range_count++] = {counts, guards.front()};  // the others follow one by one
}

/// Every context.
void publish_counters() {
  for (unsigned i = 0; i < range_count; ++i) {
    std::uint8_t* const map = __afl_area_ptr + ranges[i].place;
    std::memcpy(map, ranges[i].counts.data(), ranges[i].counts.size());
  }
}

void clear_counters() {
  for (unsigned i = 0; i < range_count; ++i) {
    std::memset(ranges[i].counts.data(), 0, ranges[i].counts.size());
  }
}

/// AFL++ tells crashes apart by what was covered before them.
void publish_on_crash() {
  struct sigaction action {};
  action.sa_handler = [](int number) {
    publish_counters();
    ::raise(number);
  };
  action.sa_flags = SA_RESETHAND | SA_NODEFER;
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) {
    ::sigaction(number, &action, nullptr);
  }
}

/// AFL++'s fork server and its stopped children would otherwise outlive an afl-fuzz that is killed.
void end_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/// Each process keeps its own: AFL++ forks a new one after a crash.
class StatsFiles {
 public:
  explicit StatsFiles(std::string prefix) : prefix_(std::move(prefix)) {}

  void choose(FuzzSession& session) {
    if (::getpid() == process_) return;
    process_ = ::getpid();
    end_with_parent();  // a fork forgets it
    if (prefix_.empty()) return;
    session.keep_stats(prefix_ + std::to_string(process_) + ".json");
  }

 private:
  std::string prefix_;
  ::pid_t process_ = 0;
};

FuzzSession* session = nullptr;  // they live until the process ends
StatsFiles* stats_files = nullptr;

}  // namespace
}  // namespace anyctx::engine

extern "C" void __sanitizer_cov_8bit_counters_init(std::uint8_t* start, std::uint8_t* stop) {
  anyctx::engine::register_counters(start, stop);
}
extern "C" void __sanitizer_cov_pcs_init(const std::uintptr_t*, const std::uintptr_t*) {}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using namespace anyctx::engine;
  const auto params = take_values("--param=", argc, *argv);
  const auto prefixes = take_values("--stats=", argc, *argv);
  const bool sees_states = last_value("--feedback=", "state", argc, *argv) == "state";
  session =
      new FuzzSession(fuzzed_target(), sees_states ? extra_counters : unseen_counters, params, {});
  stats_files = new StatsFiles(prefixes.empty() ? std::string() : prefixes.front());
  std::atexit([] { session->save_stats(); });
  publish_on_crash();
  end_with_parent();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace anyctx::engine;
  stats_files->choose(*session);
  clear_counters();
  session->run({data, size});
  publish_counters();
  return 0;
}

namespace {
// With those of the code, which register themselves at the same time.
[[gnu::constructor(200)]] void register_state_counters() {
  using namespace anyctx::engine;
  register_counters(extra_counters, extra_counters + sizeof extra_counters);
}
}  // namespace
