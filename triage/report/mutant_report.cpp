#include "triage/report/mutant_report.h"

#include <algorithm>
#include <limits>
#include <map>

#include "triage/report/oracle_family.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;

/// The middle one, the lower of two; trials without a finding come last.
const MutantTrial* middle(const std::vector<MutantTrial>& trials) {
  if (trials.empty()) return nullptr;
  std::vector<const MutantTrial*> order;
  for (const MutantTrial& trial : trials) order.push_back(&trial);
  const auto rank = [](const MutantTrial* trial) {
    return trial->kind.empty() ? std::numeric_limits<double>::infinity() : trial->seconds;
  };
  std::sort(order.begin(), order.end(), [&](auto* a, auto* b) { return rank(a) < rank(b); });
  const MutantTrial* const found = order[(order.size() - 1) / 2];
  return found->kind.empty() ? nullptr : found;
}

json to_json(const MutantTrial& trial) {
  return {{"seed", trial.seed},
          {"kind", trial.kind},
          {"seconds", trial.seconds},
          {"cpu_seconds", trial.cpu_seconds},
          {"executions", trial.executions},
          {"file", trial.file}};
}

MutantTrial trial_of(const json& kept) {
  return {kept.at("seed"),        kept.at("kind"),       kept.at("seconds"),
          kept.at("cpu_seconds"), kept.at("executions"), kept.at("file")};
}

json to_json(const MutantSearch& search) {
  json trials = json::array();
  for (const MutantTrial& trial : search.trials) trials.push_back(to_json(trial));
  const auto seconds = search.median_seconds();
  const auto executions = search.median_executions();
  return {{"engine", search.engine},
          {"identity", search.identity},
          {"limit", search.limit},
          {"found", search.found()},
          {"median_seconds", seconds ? json(*seconds) : json()},
          {"median_executions", executions ? json(*executions) : json()},
          {"trials", std::move(trials)}};
}

json to_json(const MutantSmallest& smallest) {
  return {{"kind", smallest.kind},   {"before", smallest.before},
          {"after", smallest.after}, {"program", smallest.program},
          {"ops", smallest.ops},     {"decisions", smallest.decisions},
          {"same", smallest.same},   {"replays", smallest.replays}};
}

}  // namespace

std::size_t MutantSearch::found() const {
  return static_cast<std::size_t>(
      std::count_if(trials.begin(), trials.end(), [](auto& t) { return !t.kind.empty(); }));
}

std::optional<double> MutantSearch::median_seconds() const {
  const MutantTrial* const trial = middle(trials);
  return trial == nullptr ? std::nullopt : std::optional(trial->seconds);
}

std::optional<double> MutantSearch::median_cpu_seconds() const {
  const MutantTrial* const trial = middle(trials);
  return trial == nullptr ? std::nullopt : std::optional(trial->cpu_seconds);
}

std::optional<std::uint64_t> MutantSearch::median_executions() const {
  const MutantTrial* const trial = middle(trials);
  return trial == nullptr ? std::nullopt : std::optional(trial->executions);
}

std::vector<std::string> MutantSearch::kinds() const {
  std::map<std::string, std::size_t> counts;
  for (const MutantTrial& trial : trials) {
    if (!trial.kind.empty()) ++counts[trial.kind];
  }
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : counts) kinds.push_back(kind);
  std::sort(kinds.begin(), kinds.end(), [&](auto& a, auto& b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
  });
  return kinds;
}

std::string MutantRow::kind() const {
  std::string first;
  for (const MutantSearch& search : searches) {
    for (const std::string& kind : search.kinds()) {
      if (is_of_families(kind)) return kind;
      if (first.empty()) first = kind;
    }
  }
  return first;
}

bool MutantRow::is_of_families(const std::string& kind) const {
  return std::any_of(families.begin(), families.end(),
                     [&](const std::string& family) { return is_of_family(kind, family); });
}

std::string MutantRow::verdict() const {
  const std::string found = kind();
  if (!is_planted) return found.empty() ? "silent" : "false alarm";
  if (found.empty()) return reach && reach->differ == 0 ? "no difference" : "not found";
  if (is_of_families(found)) return "expected";
  const bool is_listed = std::find(expected.begin(), expected.end(), found) != expected.end();
  if (!is_listed) return "not expected";
  return families.empty() ? "expected" : "another family";
}

bool MutantRow::is_as_it_should_be() const {
  if (!is_planted) return kind().empty();
  const bool listed = verdict() == "expected" || verdict() == "another family";
  const bool usual = !searches.empty() && searches.front().median_seconds().has_value();
  return listed && usual && (!smallest || smallest->same == smallest->replays);
}

json to_json(const MutantRow& row) {
  json searches = json::array();
  for (const MutantSearch& search : row.searches) searches.push_back(to_json(search));
  json out = {{"id", row.id},
              {"target", row.target},
              {"difficulty", row.difficulty},
              {"families", row.families},
              {"expected", row.expected},
              {"verdict", row.verdict()},
              {"kind", row.kind()},
              {"as_it_should_be", row.is_as_it_should_be()},
              {"searches", std::move(searches)},
              {"smallest", row.smallest ? to_json(*row.smallest) : json()}};
  out["reach"] =
      row.reach ? json({{"differ", row.reach->differ}, {"inputs", row.reach->inputs}}) : json();
  return out;
}

void add_kept(MutantRow& row, const json& kept) {
  try {
    for (const json& search : kept.at("searches")) {
      MutantSearch known{search.at("engine"), search.at("identity"), search.at("limit"), {}};
      for (const json& trial : search.at("trials")) known.trials.push_back(trial_of(trial));
      row.searches.push_back(std::move(known));
    }
    const json& small = kept.at("smallest");
    if (!small.is_null()) {
      row.smallest = MutantSmallest{small.at("kind"),    small.at("before"), small.at("after"),
                                    small.at("program"), small.at("ops"),    small.at("decisions"),
                                    small.at("same"),    small.at("replays")};
    }
    const json& reach = kept.at("reach");
    if (!reach.is_null()) row.reach = MutantReach{reach.at("differ"), reach.at("inputs")};
  } catch (const json::exception&) {
    row.searches.clear();
    row.smallest.reset();
    row.reach.reset();
  }
}

json to_json(const MutantReport& report) {
  json rows = json::array();
  for (const MutantRow& row : report.rows) rows.push_back(to_json(row));
  return {{"command", "mutants"},
          {"engines", report.engines},
          {"seconds", report.seconds},
          {"interrupted", report.interrupted},
          {"mutants", std::move(rows)}};
}

}  // namespace anyctx::triage
