// Pile: a folder with inputs of any kind: libFuzzer's artifacts, AFL++'s output, text programs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace anyctx::triage {

/// A file that may be an input.
struct PileFile {
  std::filesystem::path path;
  std::string name;  // relative to the folder
};

/// All of them, in order of their names. What engines write beside inputs is left out: logs,
/// statistics, corpora of AFL++ (its queue folders). Throws SetupError if there is no such folder.
std::vector<PileFile> pile_of(const std::filesystem::path& folder);

}  // namespace anyctx::triage
