#include "triage/cli/mutant_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/mutant_examination.h"
#include "triage/cli/setup_error.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSanitizer = "address";
constexpr std::size_t kMostIgnored = 2;  // kinds of verdicts that a search looks past

std::string label_of(std::string label, const std::vector<std::string>& ignored) {
  for (const std::string& kind : ignored) label += " past " + kind;
  return label;
}

fs::path clone_of(const Installation& installation, const Mutant& mutant) {
  return mutant.is_planted() ? installation.root() / "build" / "mutants" / mutant.id
                             : installation.root();
}

}  // namespace

MutantRun::MutantRun(const Installation& installation, const Mutant& mutant,
                     const MutantRunPlan& plan, Progress& progress)
    : installation_(installation),
      mutant_(mutant),
      plan_(plan),
      progress_(progress),
      clone_(clone_of(installation, mutant)),
      time_(plan.time.value_or(mutant.usual_time())) {}

MutantRow MutantRun::run() {
  const auto kept =
      nlohmann::json::parse(read_file(plan_.out / (mutant_.id + ".json")), nullptr, false);
  if (kept.is_object()) add_kept(row_, kept);
  row_.id = mutant_.id;
  row_.target = mutant_.target;
  row_.difficulty = mutant_.difficulty;
  row_.families = mutant_.families;
  row_.expected = mutant_.expected;
  row_.is_planted = mutant_.is_planted();
  bool searched = false;
  for (const std::string& engine : engines()) {
    if (interrupts() > 0) break;
    searched = search(engine, depends_on_seed(engine) ? plan_.trials : 1) || searched;
  }
  if (plan_.further) searched = look_further() || searched;
  if (searched) {
    row_.smallest.reset();
    row_.reach.reset();
  }
  if (interrupts() == 0) examine();
  keep();
  progress_.say(fmt::format("{}: {} {}", row_.id, row_.verdict(), row_.kind()));
  return row_;
}

std::vector<std::string> MutantRun::engines() const {
  if (mutant_.by_instructions) return {"instructions"};
  std::vector<std::string> engines = plan_.engines;
  std::erase(engines, "instructions");
  return engines;
}

/// Compiles what the patch touches and links it with everything else.
void MutantRun::build(const std::string& engine) const {
  if (!mutant_.is_planted()) return;
  progress_.show(fmt::format("{}: building", mutant_.id));
  const Captured captured = capture({{installation_.root() / "tests" / "mutants" / "build",
                                      mutant_.id, engine == "afl" ? "afl" : "libfuzzer"},
                                     {}});
  if (captured.exit.code == 0 && captured.exit.signal == 0) return;
  const std::string& words = captured.errors;
  const std::size_t last =
      words.find_last_of('\n', words.size() - std::min<std::size_t>(2, words.size()));
  throw SetupError(fmt::format("{}", words.substr(last == words.npos ? 0 : last + 1)));
}

/// Trials are comparable as long as the same program searches for as long.
std::string MutantRun::identity(const std::string& engine) const {
  Command program =
      engine == "afl" || engine == "libfuzzer" || engine == "ops" || engine == "random"
          ? clone_.fuzzer(mutant_.target, kSanitizer)
          : clone_.runner(kSanitizer);
  if (engine == "afl") program.words[0] = clone_.afl_fuzzer(mutant_.target, kSanitizer).string();
  if (engine == "instructions") program.words[0] = clone_.instructions().words[0];
  return fmt::format("{} {}s", name_of_content(read_file(program.words[0])), time_.count());
}

MutantSearch& MutantRun::search_of(const std::string& engine) {
  for (MutantSearch& search : row_.searches) {
    if (search.engine == engine) return search;
  }
  row_.searches.push_back({engine, "", 0, {}});
  return row_.searches.back();
}

fs::path MutantRun::folder(const std::string& engine) const {
  return plan_.out / mutant_.id / engine;
}

/// Bugs have several consequences. If the first one that shows is not what the bug is known for,
/// the search goes on past it.
bool MutantRun::look_further() {
  bool searched = false;
  std::vector<std::string> ignored;
  while (row_.verdict() == "another family" && ignored.size() < kMostIgnored && interrupts() == 0) {
    const MutantSearch& last = search_of(label_of("libfuzzer", ignored));
    if (last.found() == 0) break;
    ignored.push_back(last.kinds().front());
    searched = search("libfuzzer", 1, ignored) || searched;
  }
  return searched;
}

/// Whether anything was searched for that was not known.
bool MutantRun::search(const std::string& engine, unsigned trials,
                       const std::vector<std::string>& ignored) {
  build(engine);
  const std::string label = label_of(engine, ignored);
  MutantSearch& search = search_of(label);
  const std::string now = identity(engine);
  if (search.identity != now) search = {label, now, static_cast<double>(time_.count()), {}};
  bool searched = false;
  for (unsigned i = 0; i < trials && interrupts() == 0; ++i) {
    const std::uint64_t seed = plan_.seed + i;
    const auto has_seed = [&](const MutantTrial& trial) { return trial.seed == seed; };
    if (std::any_of(search.trials.begin(), search.trials.end(), has_seed)) continue;
    progress_.show(fmt::format("{}: {}, trial {} of {}", mutant_.id, label, i + 1, trials));
    const auto trial = try_mutant({.engine = engine,
                                   .target = mutant_.target,
                                   .ignored = ignored,
                                   .time = time_,
                                   .seed = seed,
                                   .clone = clone_.root(),
                                   .folder = folder(label) / std::to_string(seed)});
    if (!trial) break;
    search.trials.push_back(*trial);
    searched = true;
    keep();
  }
  return searched;
}

void MutantRun::examine() {
  if (!row_.is_planted || mutant_.by_instructions) return;
  if (row_.kind().empty()) {
    if (row_.reach || row_.searches.empty()) return;
    progress_.show(fmt::format("{}: was it reached?", mutant_.id));
    const MutantSearch& first = row_.searches.front();
    row_.reach = measure_reach(
        clone_, installation_, std::string(kSanitizer), mutant_.target,
        folder(first.engine) / std::to_string(plan_.seed) / mutant_.target / "corpus");
    return;
  }
  if (row_.smallest) return;
  progress_.show(fmt::format("{}: replaying and minimizing", mutant_.id));
  for (const MutantSearch& search : row_.searches) {
    for (const MutantTrial& trial : search.trials) {
      if (trial.kind != row_.kind() || trial.file.empty()) continue;
      row_.smallest = examine_finding(clone_, std::string(kSanitizer), trial.file, plan_.replays);
      if (interrupts() > 0) row_.smallest.reset();
      return;
    }
  }
}

void MutantRun::keep() const {
  std::filesystem::create_directories(plan_.out);
  write_file(plan_.out / (mutant_.id + ".json"), to_json(row_).dump(1) + "\n");
}

}  // namespace anyctx::triage
