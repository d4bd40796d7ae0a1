#include "triage/cli/night_corpus.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr int kWaitMs = 100;
constexpr std::string_view kMagic =
    "\x8e"
    "ACX";

/// How the process ended; none if it was ended because the time was over.
std::optional<Exit> run_for(const Command& command, seconds time) {
  Process process(command, Process::Output::pipe);
  const auto until = Clock::now() + time;
  pollfd output{process.output(), POLLIN, 0};
  while (interrupts() == 0 && Clock::now() < until) {
    if (::poll(&output, 1, kWaitMs) > 0) {
      char block[16 << 10];  // nobody wants to know
      if (::read(output.fd, block, sizeof block) <= 0) return process.wait();
    }
  }
  return std::nullopt;
}

std::size_t count_files(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) count += entry.is_regular_file();
  return count;
}

/// A program of some target. libFuzzer also keeps what is none.
bool is_program(const fs::path& file) {
  return read_file(file).starts_with(kMagic);
}

}  // namespace

NightCorpus::NightCorpus(const Installation& installation, fs::path folder)
    : installation_(installation), folder_(std::move(folder)) {
  fs::create_directories(folder_);
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.is_directory()) left.push_back(entry.path());
  }
  for (const fs::path& path : left) {
    if (path.extension() == ".distilled") fs::remove_all(path);
    if (path.extension() != ".before") continue;
    fs::path whole = path;
    whole.replace_extension();
    if (fs::exists(whole))
      fs::remove_all(path);
    else
      fs::rename(path, whole);
  }
}

fs::path NightCorpus::of(const std::string& target) const {
  const fs::path path = folder_ / target;
  fs::create_directories(path);
  return path;
}

std::size_t NightCorpus::size(const std::string& target) const {
  return count_files(folder_ / target);
}

NightDistillation NightCorpus::distil(const std::string& target, const std::string& sanitizer,
                                      seconds time) const {
  const fs::path whole = of(target);
  const fs::path distilled = whole.string() + ".distilled";
  const fs::path before = whole.string() + ".before";
  NightDistillation result{target, size(target), size(target), {}};
  if (result.before == 0) return result;
  fs::remove_all(distilled);
  fs::create_directories(distilled);
  Command merge = installation_.fuzzer(target, sanitizer).with("-merge=1").with("-timeout=10");
  merge.with(fmt::format("-artifact_prefix={}/", fs::temp_directory_path().string()));
  const std::optional<Exit> exit = run_for(merge.with(distilled).with(whole), time);
  if (!exit)
    result.failure = fmt::format("{} s are too short", time.count());
  else if (exit->code != 0 || exit->signal != 0 || count_files(distilled) == 0)
    result.failure = "libFuzzer's -merge failed";
  if (!result.failure.empty()) {
    fs::remove_all(distilled);
    return result;
  }
  fs::rename(whole, before);
  fs::rename(distilled, whole);
  fs::remove_all(before);
  result.after = size(target);
  return result;
}

fs::path NightCorpus::swept_list(const std::string& target) const {
  return folder_ / (target + ".swept");
}

std::vector<fs::path> NightCorpus::unswept(const std::string& target, std::size_t most) const {
  std::istringstream list(read_file(swept_list(target)));
  std::set<std::string> swept;
  for (std::string name; std::getline(list, name);) swept.insert(name);
  std::vector<std::pair<std::uintmax_t, fs::path>> files;
  for (const auto& entry : fs::directory_iterator(of(target))) {
    if (entry.is_regular_file() && !swept.contains(entry.path().filename()))
      files.emplace_back(entry.file_size(), entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<fs::path> chosen;
  for (const auto& [size, path] : files) {
    if (chosen.size() == most) break;
    if (is_program(path)) chosen.push_back(path);
  }
  return chosen;
}

void NightCorpus::mark_swept(const std::string& target, const std::vector<fs::path>& files) const {
  std::string list = read_file(swept_list(target));
  for (const fs::path& file : files) list += file.filename().string() + "\n";
  write_file(swept_list(target), list);
}

}  // namespace anyctx::triage
