#include "triage/cli/sweep_programs.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/process.h"
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

/// Copies as the options want them, in a folder of their own.
Files converted(const Installation& installation, const SweepOptions& options, const Files& files,
                bool fitting, const fs::path& folder) {
  fs::remove_all(folder);
  if (files.empty()) return {};
  fs::create_directories(folder);
  Command convert = installation.runner().with("convert").with("--to").with("text");
  convert.with("-o").with(folder);
  if (fitting) convert.with("--fitting");
  for (const std::string& param : options.params) convert.with("--param").with(param);
  for (const std::string& file : files) convert.with(file);
  const Captured captured = capture(convert);
  if (captured.exit.code != 0 || captured.exit.signal != 0)
    throw SetupError(complaint(captured.errors));
  return files_in(folder);
}

}  // namespace

Files sweep_programs(const Installation& installation, const SweepOptions& options,
                     const fs::path& folder) {
  const std::vector<TargetInfo> targets = installation.targets();
  const bool is_kernel = !installation.kernel().empty();
  Files files;
  const auto take = [&](const Files& more, bool of_corpus, const fs::path& into) {
    const Files taken = options.params.empty() && !(is_kernel && of_corpus)
                            ? more
                            : converted(installation, options, more, is_kernel && of_corpus, into);
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
