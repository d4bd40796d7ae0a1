#include "triage/cli/mutant.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "fuzzers/ops/suggest.h"
#include "triage/cli/files.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNone = "none";

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) {
    const std::size_t first = part.find_first_not_of(' ');
    if (first != part.npos)
      parts.push_back(part.substr(first, part.find_last_not_of(' ') + 1 - first));
  }
  return parts;
}

Mutant read_mutant(const fs::path& patch) {
  Mutant mutant;
  mutant.id = patch.stem();
  mutant.patch = patch;
  std::istringstream in(read_file(patch));
  for (std::string line; std::getline(in, line) && !line.starts_with("---");) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos || line.starts_with(' ')) continue;
    const std::string key = line.substr(0, colon);
    const std::string value =
        line.substr(std::min(line.find_first_not_of(' ', colon + 1), line.size()));
    if (key == "Target") mutant.target = value;
    if (key == "Expected") mutant.expected = split(value, ' ');
    if (key == "Family") mutant.families = split(value, ';');
    if (key == "Difficulty") mutant.difficulty = value;
    if (key == "Search") mutant.by_instructions = value == "instructions";
  }
  if (mutant.target.empty()) throw SetupError(fmt::format("{} names no target", shown(patch)));
  return mutant;
}

std::vector<Mutant> read_all(const Installation& installation) {
  const fs::path folder = installation.root() / "tests" / "mutants";
  std::vector<fs::path> patches;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().extension() == ".patch") patches.push_back(entry.path());
  }
  if (patches.empty()) throw SetupError(fmt::format("there are no patches in {}", shown(folder)));
  std::sort(patches.begin(), patches.end());
  std::vector<Mutant> mutants;
  for (const fs::path& patch : patches) mutants.push_back(read_mutant(patch));
  return mutants;
}

void add_unchanged(const Installation& installation, std::vector<Mutant>& chosen) {
  for (const TargetInfo& target : installation.targets()) {
    Mutant mutant;
    mutant.id = fmt::format("{}-{}", kNone, target.name);
    mutant.target = target.name;
    chosen.push_back(std::move(mutant));
  }
}

}  // namespace

std::chrono::seconds Mutant::usual_time() const {
  const bool rare = difficulty == "rare-schedule" || difficulty == "2-faults" ||
                    difficulty == "fault+interleaving";
  return std::chrono::seconds(rare ? 300 : 60);
}

std::vector<Mutant> choose_mutants(const Installation& installation,
                                   const std::vector<std::string>& words) {
  std::vector<Mutant> all = read_all(installation);
  if (words.empty()) return all;
  std::vector<Mutant> chosen;
  std::set<std::string> ids;
  for (const std::string& word : words) {
    if (word == kNone) {
      add_unchanged(installation, chosen);
      continue;
    }
    bool any = false;
    program::Suggestion suggestion(word);
    for (const Mutant& mutant : all) {
      suggestion.offer(mutant.id);
      if (!mutant.id.starts_with(word)) continue;
      any = true;
      if (ids.insert(mutant.id).second) chosen.push_back(mutant);
    }
    if (!any)
      throw SetupError(fmt::format("no mutant begins with '{}'{}; tests/mutants has them", word,
                                   suggestion.clause()));
  }
  return chosen;
}

}  // namespace anyctx::triage
