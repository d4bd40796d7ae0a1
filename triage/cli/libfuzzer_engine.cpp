#include "triage/cli/libfuzzer_engine.h"

#include <fmt/format.h>

#include "triage/cli/libfuzzer_log.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxLen = 32768;

class LibfuzzerJob final : public Job {
 public:
  using Job::Job;

  std::vector<Artifact> take_artifacts() override {
    if (taken_ || !poll() || log_.artifact().empty()) return {};
    taken_ = true;
    return {{log_.artifact(), log_.report()}};
  }
  unsigned coverage() const override { return log_.coverage(); }
  unsigned corpus() const override { return log_.corpus(); }
  const std::string& complaint() const override { return log_.complaint(); }

 private:
  void add_line(std::string_view line) override { log_.add(line); }

  LibfuzzerLog log_;
  bool taken_ = false;
};

}  // namespace

std::vector<Artifact> LibfuzzerEngine::prepare(const std::vector<fs::path>& seeds) {
  seeds_ = seeds;
  fs::remove_all(artifacts());
  fs::create_directories(artifacts());
  return {};
}

std::unique_ptr<Job> LibfuzzerEngine::start(unsigned number, std::chrono::seconds time) {
  const fs::path stats = plan_.folder / fmt::format("stats-{}.json", number);
  Command command = installation_.fuzzer(plan_.target, plan_.sanitizer);
  for (const std::string& argument : {
           fmt::format("-max_total_time={}", time.count()),
           fmt::format("-seed={}", plan_.seed + number),
           fmt::format("-max_len={}", kMaxLen),
           fmt::format("-reload={}", plan_.jobs > 1 ? 1 : 0),
           fmt::format("-artifact_prefix={}/", artifacts().string()),
           fmt::format("--stats={}", stats.string()),
           std::string("-timeout=10"),
           std::string("-print_funcs=0"),
           plan_.corpus.string(),
       }) {
    command.with(argument);
  }
  for (const fs::path& seeds : seeds_) command.with(seeds);
  for (const std::string& param : plan_.params) command.with("--param=" + param);
  if (!plan_.decisions) command.with("--without=decisions");
  if (!plan_.feedback) command.with("--without=feedback");
  for (const std::string& kind : plan_.ignored) command.with("--ignore=" + kind);
  return std::make_unique<LibfuzzerJob>(command, plan_.folder / fmt::format("log-{}.txt", number));
}

}  // namespace anyctx::triage
