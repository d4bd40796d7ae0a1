#include "triage/report/sweep_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "triage/signature/signature.h"

namespace anyctx::triage {

using nlohmann::json;

namespace {

std::uint64_t number(const json& object, const char* name) {
  return object.at(name).get<std::uint64_t>();
}

void add(SweepCount& total, const json& count) {
  total.visited += number(count, "visited");
  total.not_taken += number(count, "not_taken");
  total.equal += number(count, "equal");
}

void add_tally(SweepTotals& totals, const json& tally) {
  for (const auto& [name, count] : tally.at("categories").items())
    add(totals.categories[name], count);
  const json& schedules = tally.at("schedules");
  if (totals.schedules.size() < schedules.size()) totals.schedules.resize(schedules.size());
  for (std::size_t i = 0; i < schedules.size(); ++i) add(totals.schedules[i], schedules[i]);
  add(totals.pairs, tally.at("pairs"));
  totals.pairs_possible += number(tally, "pairs_possible");
  totals.runs += number(tally, "runs");
}

}  // namespace

bool SweepResult::add(const json& line) {
  if (!line.is_object() || !line.contains("program")) return false;
  if (line.contains("crash")) {
    add_crash(line);
  } else if (line.contains("batch")) {
    add_batch(line);
  } else if (line.contains("scope")) {
    add_scope(line.at("scope"));
  } else if (line.contains("units")) {
    add_plan(line);
  } else {
    return false;
  }
  return true;
}

void SweepResult::add_plan(const json& line) {
  const std::size_t program = number(line, "program");
  if (programs_.count(program) != 0) return;  // every worker says it
  programs_[program] = {line.at("target"), number(line, "batches")};
  SweepTotals& totals = totals_[line.at("target")];
  ++totals.programs;
  totals.units += number(line, "units");
  totals.places += number(line, "places");
  const json& left_out = line.at("left_out");
  totals.full += left_out.at("full").get<bool>() ? 1 : 0;
  totals.visits_left_out += number(left_out, "visits");
  totals.no_lane += number(left_out, "no_lane");
  totals.nothing_to_act_on += number(left_out, "nothing_to_act_on");
}

void SweepResult::add_scope(const json& scope) {
  SweepTotals& totals = totals_[scope.at("target")];
  totals.programs_of_scope = number(scope, "programs");
  std::string alphabet;
  for (const json& letter : scope.at("alphabet"))
    alphabet += fmt::format("{}{}", alphabet.empty() ? "" : "; ", letter.get<std::string>());
  totals.certificate = fmt::format(
      "every program of 1 to {} operations out of [{}], with {}, all in one task or the last ones "
      "in "
      "a second one",
      number(scope, "length"), alphabet, scope.at("params").get<std::string>());
}

void SweepResult::add_batch(const json& line) {
  const std::size_t program = number(line, "program");
  if (!done_.emplace(program, number(line, "batch")).second) return;
  const std::string target = line.at("target");
  SweepTotals& totals = totals_[target];
  add_tally(totals, line.at("tally"));
  ++totals.batches_done;
  if (line.contains("programs")) {  // of a small scope
    totals.programs += number(line, "programs");
    totals.units += number(line, "units");
    totals.places += number(line, "places");
    programs_[program] = {target, number(line, "batches")};
  }
  for (const auto& [name, steps] : line.at("most_steps").items()) {
    SweepSteps& known = totals.steps[name];
    known = {std::max(known.most, number(steps, "most")), number(steps, "bound")};
  }
  if (const json compared = line.at("exercised").value("compared", json()); !compared.is_null()) {
    totals.compared += number(compared, "operations");
    totals.not_compared += number(compared, "exempt") + number(compared, "rest");
  }
  for (const json& point : line.at("exercised").at("points")) {
    std::uint64_t& reached = totals.reached[point.at("name")];
    for (const auto& [context, count] : point.at("reached").items())
      reached += count.get<std::uint64_t>();
  }
  for (const json& hit : line.at("hits")) {
    const Signature signature = signature_of_verdict(hit.at("verdict"));
    add_finding({signature.key,
                 signature.kind,
                 hit.at("headline"),
                 hit.at("program"),
                 hit.at("story"),
                 target,
                 number(hit, "runs"),
                 {}});
  }
}

void SweepResult::add_crash(const json& line) {
  const std::size_t program = number(line, "program");
  if (!crashed_[program].emplace(number(line, "unit"), number(line, "run")).second) return;
  const json& crash = line.at("crash");
  add_finding({crash.at("key"),
               crash.at("kind"),
               crash.at("headline"),
               line.at("text"),
               line.at("story"),
               line.at("target"),
               1,
               {}});
}

void SweepResult::add_finding(SweepFinding finding) {
  for (SweepFinding& known : findings_) {
    if (known.key != finding.key || known.target != finding.target) continue;
    known.runs += finding.runs;
    return;
  }
  findings_.push_back(std::move(finding));
}

std::string SweepResult::ledger() const {
  std::string lines;
  for (const auto& [program, batch] : done_) lines += fmt::format("done {} {}\n", program, batch);
  for (const auto& [program, places] : crashed_) {
    for (const auto& [unit, run] : places)
      lines += fmt::format("skip {} {} {}\n", program, unit, run);
  }
  return lines;
}

std::size_t SweepResult::crashes(std::size_t program) const {
  const auto found = crashed_.find(program);
  return found == crashed_.end() ? 0 : found->second.size();
}

std::map<std::string, SweepTotals> SweepResult::totals() const {
  std::map<std::string, SweepTotals> totals = totals_;
  std::uint64_t next = 0;
  for (const auto& [number, program] : programs_) {
    for (std::uint64_t batch = 0; batch < program.batches; ++batch)
      totals[program.target].batches += next++ % shards_ == shard_ ? 1 : 0;
  }
  return totals;
}

}  // namespace anyctx::triage
