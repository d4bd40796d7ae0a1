#include "triage/cli/afl_engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "triage/cli/afl_job.h"
#include "triage/cli/files.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kTimeoutMs = 10'000;
constexpr std::size_t kFilesPerProcess = 500;  // names that fit on a command line

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string name_of_job(unsigned number) {
  return number == 0 ? "main" : fmt::format("secondary{}", number);
}

}  // namespace

bool AflEngine::are_silent(const std::vector<fs::path>& files) const {
  for (std::size_t first = 0; first < files.size(); first += kFilesPerProcess) {
    Command command = installation_.runner(plan_.sanitizer);
    command.with("replay").with("--raw").with(plan_.target);
    command.with("--timeout").with(std::to_string(kTimeoutMs / 1000));
    const std::size_t last = std::min(first + kFilesPerProcess, files.size());
    for (std::size_t i = first; i < last; ++i) command.with(files[i]);
    const Captured captured = capture(command);
    if (captured.exit.code == kExitSetup) throw SetupError(complaint(captured.errors));
    if (captured.exit.code != 0 || captured.exit.signal != 0) return false;
  }
  return true;
}

std::vector<Artifact> AflEngine::prepare(const std::vector<fs::path>& seeds) {
  fs::remove_all(inputs());
  fs::remove_all(shared());
  fs::create_directories(inputs());
  std::vector<fs::path> files = files_in(plan_.corpus);
  for (const fs::path& folder : seeds) {
    for (const fs::path& file : files_in(folder)) files.push_back(file);
  }
  const bool silent = are_silent(files);
  std::vector<Artifact> bugs;
  for (const fs::path& file : files) {
    if (silent || are_silent({file})) {
      fs::copy_file(file, inputs() / name_of_content(read_file(file)),
                    fs::copy_options::skip_existing);
    } else {
      bugs.push_back({file, {}});
    }
  }
  // An engine of inputs needs one to begin with; any bytes are a program.
  if (files_in(inputs()).empty()) std::ofstream(inputs() / "empty") << "anyctx";
  return bugs;
}

std::unique_ptr<Job> AflEngine::start(unsigned number, std::chrono::seconds time) {
  Command command = installation_.afl();
  const fs::path stats = plan_.folder / fmt::format("stats-{}-", number);
  const std::string name = name_of_job(number);
  for (const std::string& argument :
       {std::string("-i"), inputs().string(), std::string("-o"), shared().string(),
        std::string(number == 0 ? "-M" : "-S"), name, std::string("-V"),
        std::to_string(time.count()), std::string("-s"), std::to_string(plan_.seed + number),
        std::string("-t"), std::to_string(kTimeoutMs), std::string("-m"), std::string("none"),
        std::string("--"), installation_.afl_fuzzer(plan_.target, plan_.sanitizer).string(),
        fmt::format("--stats={}", stats.string()), "--feedback=" + plan_.feedback}) {
    command.with(argument);
  }
  for (const std::string& param : plan_.params) command.with("--param=" + param);
  command.environment.emplace_back("ANYCTX_TARGET", plan_.target);
  command.environment.emplace_back("ANYCTX_PARAMS",
                                   fmt::format("{}", fmt::join(plan_.params, " ")));
  return std::make_unique<AflJob>(command, plan_.folder / fmt::format("log-{}.txt", number),
                                  shared() / name);
}

void keep_queues(const fs::path& shared, const fs::path& corpus) {
  std::error_code none;
  for (const auto& job : fs::directory_iterator(shared, none)) {
    for (const fs::path& file : files_in(job.path() / "queue")) {
      const std::string content = read_file(file);
      const fs::path kept = corpus / name_of_content(content);
      if (!fs::exists(kept)) write_file(kept, content);
    }
  }
}

}  // namespace anyctx::triage
