#include "triage/cli/night.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>

#include "triage/cli/afl_engine.h"
#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/libfuzzer_log.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/target_campaign.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::seconds;

constexpr double kShortestSlice = 1;
constexpr double kLongestSlice = 120;  // so that cells of one target learn of each other
constexpr unsigned kMostFailures = 2;  // in a row, of one cell
constexpr std::size_t kMostRecovered = 100;
constexpr std::string_view kExercised = "exercised.json";

std::string wall_clock() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&now));
  return text;
}

/// Inputs that an engine reported and left in its folder.
std::vector<fs::path> artifacts_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / "artifacts", none))
    files.push_back(entry.path());
  for (const auto& job : fs::directory_iterator(folder / "afl", none)) {
    for (const char* kind : {"crashes", "hangs"}) {
      for (const auto& entry : fs::directory_iterator(job.path() / kind, none)) {
        if (entry.path().filename().string().starts_with("id:")) files.push_back(entry.path());
      }
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// The most that libFuzzer said to have covered, in all logs of a slice; 0 for other engines.
unsigned coverage_in_logs(const fs::path& folder) {
  unsigned most = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("log-")) continue;
    LibfuzzerLog log;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) log.add(line);
    most = std::max(most, log.coverage());
  }
  return most;
}

/// What was needed while the slice ran. Logs stay.
void tidy_up(const fs::path& folder) {
  std::error_code none;
  for (const fs::path& file : stats_files(folder)) fs::remove(file, none);
  for (const char* name : {"seeds", "regress", "artifacts", "afl-in", "afl"})
    fs::remove_all(folder / name, none);
}

}  // namespace

Night::Night(const Installation& installation, const NightPlan& plan, unsigned number, json last,
             Progress& progress)
    : installation_(installation),
      plan_(plan),
      cells_(cells_of(installation, plan)),
      last_(std::move(last)),
      number_(number),
      progress_(progress),
      log_(plan.out / fmt::format("nights/{:04}.jsonl", number), progress),
      corpus_(installation, plan.out / "corpus"),
      findings_(installation, plan.out, plan.sanitizers) {}

json Night::identity(const NightPlan& plan, const std::vector<NightCell>& cells) {
  json names = json::array();
  for (const NightCell& cell : cells) names.push_back({cell.name(), cell.params});
  return {{"cells", std::move(names)}, {"sweep", plan.sweep}, {"seed", plan.seed}};
}

NightReport Night::run() {
  begin();
  recover();
  search();
  if (interrupts() == 0) distil();
  sort_findings(true);
  return report();
}

void Night::begin() {
  log_.set_budget(budget());
  if (log_.is_new()) {
    log_.tell({{"event", "night"},
               {"number", number_},
               {"started", wall_clock()},
               {"budget", budget()},
               {"plan", identity(plan_, cells_)}});
    return;
  }
  log_.tell({{"event", "resume"}});
  for (const NightSlice& slice : log_.record().slices()) {
    slice_ = std::max(slice_, slice.number);
    const NightCell* cell = find_cell(slice.cell);
    if (cell == nullptr) continue;
    CampaignStats stats;
    stats.read(folder_of(slice.number, *cell) / kExercised);
    note_points(cell->target, stats.reached());
    unsigned& most = coverage_[cell->target][cell->engine];
    most = std::max(most, slice.coverage);
  }
  progress_.say(fmt::format("campaign: night {} goes on after {} of {}", number_,
                            to_clock(seconds(static_cast<std::int64_t>(log_.now()))),
                            to_clock(plan_.time)));
}

/// Slices in the middle of which the process was ended.
void Night::recover() {
  const std::vector<NightSlice> slices = log_.record().slices();
  for (const NightSlice& slice : slices) {
    if (!slice.done) recover_slice(slice, log_.record().spent(), {});
  }
}

void Night::recover_slice(const NightSlice& slice, double end, const std::string& failure) {
  json done = {{"event", "done"},
               {"slice", slice.number},
               {"seconds", end - slice.begin},
               {"recovered", true},
               {"failure", failure}};
  const NightCell* cell = find_cell(slice.cell);
  const fs::path folder = cell == nullptr ? fs::path() : folder_of(slice.number, *cell);
  if (cell != nullptr && fs::exists(folder)) {
    if (const auto files = stats_files(folder); !files.empty())
      write_file(folder / kExercised, merged_stats(installation_, cell->target, files).dump());
    CampaignStats stats;
    stats.read(folder / kExercised);
    note_points(cell->target, stats.reached());
    done["executions"] = stats.executions();
    const unsigned coverage = coverage_in_logs(folder);
    done["coverage"] = coverage;
    unsigned& most = coverage_[cell->target][cell->engine];
    most = std::max(most, coverage);
    keep_queues(folder / "afl", corpus_.of(cell->target));
    examine_left(plan_of(*cell, slice.number, seconds(1)));
  }
  log_.tell(done);
  if (cell != nullptr) tidy_up(folder);
}

/// What the engine of a slice found and nobody looked at.
void Night::examine_left(const CampaignPlan& plan) {
  const Investigation investigation(installation_, plan.target, plan.sanitizer, plan.findings);
  std::vector<fs::path> files = artifacts_in(plan.folder);
  if (files.size() > kMostRecovered) files.resize(kMostRecovered);
  for (const fs::path& file : files) {
    try {
      found(plan, investigation.examine(file, {}));
    } catch (const SetupError& error) {
      log_.tell({{"event", "remark"}, {"text", error.what()}});
    }
  }
}

void Night::search() {
  while (interrupts() == 0) {
    const NightCell* cell = next_cell();
    const double left = budget() - reserve() - log_.now();
    if (cell == nullptr || left < kShortestSlice) return;
    run_slice(*cell, std::min(slice_time(), seconds(static_cast<std::int64_t>(left))));
    sort_findings(false);
    sweep_some(cell->target);
  }
}

double Night::reserve() const {
  return std::clamp(budget() * 0.1, 1.0, 1800.0);
}

/// All cells have the same time, in slices.
seconds Night::slice_time() const {
  const double time = (budget() - reserve()) * (1 - plan_.sweep);
  const double each = time / static_cast<double>(cells_.size());
  const double slice = each / std::max(1.0, std::ceil(each / kLongestSlice));
  return seconds(static_cast<std::int64_t>(std::max(kShortestSlice, slice)));
}

std::map<std::string, Night::CellState> Night::cell_states() const {
  std::map<std::string, CellState> states;
  for (const NightSlice& slice : log_.record().slices()) {
    CellState& state = states[slice.cell];
    state.seconds += slice.seconds;
    state.failures = slice.failure.empty() ? 0 : state.failures + 1;
    state.failure = slice.failure;
  }
  for (const json& cell : last_.is_object() ? last_.value("cells", json::array()) : json::array())
    states[cell.value("name", "")].last_night = cell.value("seconds", 0.0);
  return states;
}

/// The one that had the least time; where a night is too short for all, last night counts too.
const NightCell* Night::next_cell() const {
  const auto states = cell_states();
  const NightCell* next = nullptr;
  std::pair<double, double> least;
  for (const NightCell& cell : cells_) {
    const auto known = states.find(cell.name());
    const CellState state = known == states.end() ? CellState{} : known->second;
    const std::pair time(state.seconds, state.last_night);
    if (state.failures >= kMostFailures || (next != nullptr && time >= least)) continue;
    next = &cell;
    least = time;
  }
  return next;
}

const NightCell* Night::find_cell(const std::string& name) const {
  const auto cell = std::find_if(cells_.begin(), cells_.end(),
                                 [&](const NightCell& c) { return c.name() == name; });
  return cell == cells_.end() ? nullptr : &*cell;
}

fs::path Night::folder_of(unsigned number, const NightCell& cell) const {
  return plan_.out / fmt::format("slices/{:04}/{:05}-{}", number_, number, cell.name());
}

CampaignPlan Night::plan_of(const NightCell& cell, unsigned number, seconds time) const {
  const std::uint32_t seed = plan_.seed != 0 ? plan_.seed : 1'000'000 * number_;
  return {.target = cell.target,
          .engine = cell.engine,
          .sanitizer = cell.sanitizer,
          .time = time,
          .jobs = plan_.jobs,
          .seed = seed + 1000 * number,
          .params = cell.params,
          .folder = folder_of(number, cell),
          .corpus = corpus_.of(cell.target),
          .findings = findings_.pile(cell.sanitizer)};
}

void Night::run_slice(const NightCell& cell, seconds time) {
  log_.wait_for_room();
  ++slice_;
  log_.tell({{"event", "slice"}, {"slice", slice_}, {"cell", cell.name()}});
  const CampaignPlan plan = plan_of(cell, slice_, time);
  json done = {{"event", "done"}, {"slice", slice_}};
  std::string failure;
  try {
    const TargetReport report = TargetCampaign(installation_, plan, *this).run();
    write_file(plan.folder / kExercised, report.exercised.dump());
    done.update({{"seconds", report.seconds},
                 {"executions", report.exercised.at("executions")},
                 {"coverage", report.coverage},
                 {"corpus", report.corpus},
                 {"remark", report.remark}});
  } catch (const SetupError& error) {
    failure = error.what();
  } catch (const fs::filesystem_error& error) {
    failure = fmt::format("{}: {}", error.path1().string(), error.code().message());
  }
  if (failure.empty()) {
    log_.tell(done);
    tidy_up(plan.folder);
  } else {
    const double end = log_.now();
    if (!log_.has_room()) failure.clear();  // not the engine's
    log_.wait_for_room();
    if (!failure.empty()) progress_.say(fmt::format("{}: {}", cell.name(), failure));
    recover_slice(log_.record().slices().back(), end, failure);
  }
  sample(0);
  const NightSlice& slice = log_.record().slices().back();
  progress_.log(fmt::format("{}: {:.0f} s, {} runs, coverage {}, corpus {}", slice.cell,
                            slice.seconds, slice.executions, slice.coverage, slice.corpus));
}

void Night::note_points(const std::string& target, const std::set<std::string>& reached) {
  points_[target].insert(reached.begin(), reached.end());
}

void Night::look(const CampaignNumbers& numbers) {
  const std::string& target = numbers.plan.target;
  note_points(target, numbers.stats.reached());
  unsigned& most = coverage_[target][numbers.plan.engine];
  most = std::max(most, numbers.coverage);
  inputs_[target] = numbers.corpus;
  const double period = std::clamp(budget() / 500, 1.0, 30.0);
  if (log_.now() - sampled_ >= period) sample(numbers.stats.executions());
  show(numbers);
}

/// Edges are those that the first engine counts: others count differently.
void Night::sample(std::uint64_t executions) {
  std::uint64_t coverage = 0;
  std::uint64_t points = 0;
  std::uint64_t inputs = 0;
  for (const auto& [target, engines] : coverage_) {
    const auto edges = engines.find(plan_.engines.front());
    if (edges != engines.end()) coverage += edges->second;
  }
  for (const auto& [target, reached] : points_) points += reached.size();
  for (const auto& [target, count] : inputs_) inputs += count;
  sampled_ = log_.now();
  log_.tell({{"event", "sample"},
             {"executions", log_.record().executions() + executions},
             {"coverage", coverage},
             {"points", points},
             {"corpus", inputs},
             {"findings", log_.record().findings().size()}});
}

void Night::show(const CampaignNumbers& numbers) {
  const double speed =
      static_cast<double>(numbers.stats.executions()) / std::max(numbers.seconds, 1.0);
  const auto clock = [](double t) { return to_clock(seconds(static_cast<std::int64_t>(t))); };
  const CampaignPlan& plan = numbers.plan;
  progress_.show(fmt::format(
      "campaign {}/{}  slice {} {} {} {}  {} runs  {:.0f}/s  points {}/{}  findings {}",
      clock(log_.now()), to_clock(plan_.time), slice_, plan.target, plan.engine, plan.sanitizer,
      log_.record().executions() + numbers.stats.executions(), speed,
      numbers.stats.points_reached(), numbers.stats.points(), log_.record().findings().size()));
}

void Night::found(const CampaignPlan& plan, const Finding& finding) {
  note_finding(plan.sanitizer, plan.folder.filename().string(), finding.signature, finding.name);
}

void Night::note_finding(const std::string& sanitizer, const std::string& cell,
                         const Signature& signature, const std::string& name) {
  findings_.added(sanitizer, signature.key, name + ".txt");
  if (log_.record().knows(signature.key)) return;
  log_.tell({{"event", "finding"},
             {"key", signature.key},
             {"headline", signature.headline},
             {"cell", cell},
             {"name", name}});
  progress_.say(fmt::format("{}: finding {}: {}", cell, name, signature.headline));
}

void Night::sort_findings(bool all) {
  log_.wait_for_room();
  const double time = std::clamp(budget() / 20, 5.0, 60.0);
  findings_.sort(progress_, all, seconds(static_cast<std::int64_t>(time)));
}

void Night::distil() {
  std::set<std::string> targets;
  for (const NightCell& cell : cells_) targets.insert(cell.target);
  auto left = static_cast<double>(targets.size());
  for (const std::string& target : targets) {
    if (interrupts() > 0) return;
    progress_.show(fmt::format("campaign: distilling the corpus of {}", target));
    const double time = std::max(3.0, (budget() - log_.now()) / left--);
    NightDistillation result{target, corpus_.size(target), corpus_.size(target), {}};
    try {
      result = corpus_.distil(target, plan_.sanitizers.front(),
                              seconds(static_cast<std::int64_t>(time)));
    } catch (const SetupError& error) {
      result.failure = error.what();
    } catch (const fs::filesystem_error& error) {
      result.failure = error.code().message();
    }
    log_.tell({{"event", "distilled"},
               {"target", target},
               {"before", result.before},
               {"after", result.after},
               {"failure", result.failure}});
  }
}

}  // namespace anyctx::triage
