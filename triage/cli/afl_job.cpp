#include "triage/cli/afl_job.h"

#include <algorithm>
#include <fstream>

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

/// Without what colours a terminal.
std::string plain(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = std::min(line.find_first_of("mhlK", i), line.size() - 1);
    } else if (line[i] >= ' ') {
      text += line[i];
    }
  }
  return text;
}

}  // namespace

std::vector<Artifact> AflJob::take_artifacts() {
  std::vector<Artifact> fresh;
  for (const char* kind : {"crashes", "hangs"}) {
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder_ / kind, none)) {
      const bool is_input = entry.path().filename().string().starts_with("id:");
      if (is_input && taken_.insert(entry.path()).second) fresh.push_back({entry.path(), {}});
    }
  }
  return fresh;
}

void AflJob::add_line(std::string_view line) {
  constexpr std::string_view kAborted = "PROGRAM ABORT : ";
  const std::string text = plain(line);
  const std::size_t at = text.find(kAborted);
  if (at != text.npos && complaint_.empty())
    complaint_ = "afl-fuzz: " + text.substr(at + kAborted.size());
}

unsigned AflJob::number_of(std::string_view key) const {
  std::ifstream stats(folder_ / "fuzzer_stats");
  for (std::string word; stats >> word;) {
    unsigned number = 0;
    if (word == key && stats >> word >> number) return number;  // KEY : NUMBER
  }
  return 0;
}

}  // namespace anyctx::triage
