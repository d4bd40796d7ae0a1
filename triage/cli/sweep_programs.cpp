#include "triage/cli/sweep_programs.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/conversion.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

using Files = std::vector<std::string>;

Files files_in(const fs::path& folder) {
  Files files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

[[noreturn]] void unknown(const std::string& name, const std::vector<TargetInfo>& targets) {
  program::Suggestion suggestion(name);
  std::string names;
  for (const TargetInfo& target : targets) {
    suggestion.offer(target.name);
    names += " " + target.name;
  }
  throw SetupError(
      fmt::format("{}: no such file or target; targets are{}{}", name, names, suggestion.clause()));
}

}  // namespace

Files sweep_programs(const Installation& installation, const SweepOptions& options,
                     const fs::path& folder) {
  const std::vector<TargetInfo> targets = installation.targets();
  const bool is_kernel = !installation.kernel().empty();
  Files files;
  const auto take = [&](const Files& more, bool of_corpus, const fs::path& into) {
    const bool fitting = is_kernel && of_corpus;
    const bool as_it_is = options.params.empty() && !fitting;
    if (!as_it_is) {
      convert_into(into, installation, {.to = "text", .params = options.params, .fitting = fitting},
                   more);
    }
    const Files taken = as_it_is ? more : files_in(into);
    files.insert(files.end(), taken.begin(), taken.end());
  };
  for (const std::string& subject : options.subjects) {
    const bool is_target = std::any_of(targets.begin(), targets.end(),
                                       [&](const TargetInfo& t) { return t.name == subject; });
    if (options.scope != 0) {
      if (!is_target) unknown(subject, targets);
      files.push_back(subject);
    } else if (fs::is_regular_file(subject)) {
      take({subject}, false, folder / "files" / std::to_string(files.size()));
    } else if (is_target) {
      for (const char* part : {"regress", "seeds"}) {
        take(files_in(installation.corpus(subject) / part), true, folder / subject / part);
      }
    } else {
      unknown(subject, targets);
    }
  }
  if (options.scope != 0 && files.size() != 1)
    throw SetupError("--scope enumerates the programs of one target; name one");
  if (files.empty())
    throw SetupError("no programs to sweep: the corpus of the target is empty; name files");
  return files;
}

}  // namespace anyctx::triage
