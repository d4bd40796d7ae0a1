#include "triage/cli/pile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// What AFL++ and libFuzzer's drivers leave beside inputs.
bool is_beside(const fs::path& path) {
  constexpr std::array<std::string_view, 9> kNames = {
      "README.txt",  "fuzzer_stats", "fuzzer_setup", "plot_data",     "cmdline",
      "fuzz_bitmap", "is_main_node", "target_hash",  "fastresume.bin"};
  constexpr std::array<std::string_view, 8> kExtensions = {".log",   ".json", ".html", ".md",
                                                           ".sarif", ".xml",  ".new",  ".zip"};
  const std::string name = path.filename().string();
  return name.starts_with('.') || among(kNames, name) ||
         among(kExtensions, path.extension().string());
}

/// Folders of inputs that show nothing, and of AFL++'s own state.
bool is_corpus(const fs::path& folder) {
  const std::string name = folder.filename().string();
  const bool of_afl = fs::exists(folder.parent_path() / "fuzzer_stats") ||
                      fs::exists(folder.parent_path() / "crashes");
  return name.starts_with('.') || (name == "queue" && of_afl);
}

}  // namespace

std::vector<PileFile> pile_of(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw SetupError(fmt::format("{} is no folder; give the one with the inputs", folder.string()));
  std::vector<PileFile> files;
  for (auto entry = fs::recursive_directory_iterator(folder);
       entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory()) {
      if (is_corpus(entry->path())) entry.disable_recursion_pending();
    } else if (!is_beside(entry->path())) {
      files.push_back({entry->path(), entry->path().lexically_relative(folder).string()});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const PileFile& left, const PileFile& right) { return left.name < right.name; });
  return files;
}

}  // namespace anyctx::triage
