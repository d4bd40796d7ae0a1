#include "fuzzers/engine/exercised.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"

namespace anyctx::engine {
namespace {

using machine::PointId;
using nlohmann::json;
using program::Schema;

constexpr std::string_view kDecisionNames[] = {"fail",    "fail sticky", "enter", "run",
                                               "migrate", "stall",       "delay"};
static_assert(std::size(kDecisionNames) == inject::kActionKinds);

constexpr std::string_view kSiteKinds[] = {"word",  "lock",  "raw lock", "mutex",  "local lock",
                                           "limit", "probe", "irq work", "worker", "operation"};
static_assert(std::size(kSiteKinds) == static_cast<unsigned>(machine::SiteKind::operation) + 1);

PointUse& use_of(Exercised& total, PointId point) {
  for (PointUse& use : total.points) {
    if (use.point == point) return use;
  }
  total.points.push_back({.point = point});
  return total.points.back();
}

std::string_view context_name(std::size_t context) {
  return machine::to_string(static_cast<machine::Context>(context));
}

std::string_view lane_kind_name(std::size_t kind) {
  return program::kLaneNames[kind];
}

/// Those that are not zero, by name.
json by(std::string_view (*name)(std::size_t), std::span<const std::uint64_t> counts) {
  json result = json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) result[std::string(name(i))] = counts[i];
  }
  return result;
}

void add_by(std::string_view (*name)(std::size_t), std::span<std::uint64_t> counts,
            const json& json) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] += json.value(std::string(name(i)), std::uint64_t{0});
  }
}

json to_json(const Schema& schema, const PointUse& use) {
  const machine::SiteInfo& site =
      *program::find_site(schema, {static_cast<std::uint8_t>(use.point / machine::kVerbsPerSite)});
  return {{"name", program::point_name(schema, use.point)},
          {"layer", site.name.substr(0, site.name.find('.'))},
          {"kind", kSiteKinds[static_cast<unsigned>(site.kind)]},
          {"may_fail", program::can_fail(schema, use.point)},
          {"what", site.what},
          {"reached", by(context_name, use.reached)},
          {"injected", by(context_name, use.injected)},
          {"failed", by(context_name, use.failed)},
          {"entered", by(lane_kind_name, use.entered)}};
}

void add_point(Exercised& total, const json& json) {
  const auto point = program::find_point(total.schema, json.at("name").get<std::string>());
  if (!point) return;  // of a build that had more points
  PointUse& use = use_of(total, *point);
  add_by(context_name, use.reached, json.at("reached"));
  add_by(context_name, use.injected, json.at("injected"));
  add_by(context_name, use.failed, json.at("failed"));
  add_by(lane_kind_name, use.entered, json.at("entered"));
}

void add_operation(Exercised& total, const json& json) {
  for (std::size_t code = 0; code < total.ops.size(); ++code) {
    if (total.schema.ops[code].name != json.at("name").get<std::string>()) continue;
    total.ops[code].done += json.at("done").get<std::uint64_t>();
    total.ops[code].failed += json.at("failed").get<std::uint64_t>();
    total.ops[code].vacuous += json.at("vacuous").get<std::uint64_t>();
  }
}

json to_json(const CompareCount& compared) {
  json cuts = json::object();
  for (unsigned i = 0; i < kCuts; ++i) {
    if (compared.cuts[i] != 0) cuts[std::string(name_of(static_cast<Cut>(i)))] = compared.cuts[i];
  }
  return {{"runs", compared.runs},
          {"operations", compared.compared},
          {"exempt", compared.exempt},
          {"rest", compared.rest},
          {"cuts", std::move(cuts)}};
}

void add_compared(CompareCount& total, const json& json) {
  total.runs += json.at("runs").get<std::uint64_t>();
  total.compared += json.at("operations").get<std::uint64_t>();
  total.exempt += json.at("exempt").get<std::uint64_t>();
  total.rest += json.at("rest").get<std::uint64_t>();
  for (unsigned i = 0; i < kCuts; ++i) {
    total.cuts[i] +=
        json.at("cuts").value(std::string(name_of(static_cast<Cut>(i))), std::uint64_t{0});
  }
}

void add_all(Exercised& total, const json& json) {
  total.executions += json.at("executions").get<std::uint64_t>();
  total.runs += json.at("runs").get<std::uint64_t>();
  total.visits += json.at("visits").get<std::uint64_t>();
  total.ignored += json.at("ignored").get<std::uint64_t>();
  total.reentries += json.at("reentries").get<std::uint64_t>();
  add_by(context_name, total.ops_by_context, json.at("contexts"));
  for (std::size_t kind = 0; kind < total.decisions.size(); ++kind) {
    total.decisions[kind] +=
        json.at("decisions").at(std::string(kDecisionNames[kind])).get<std::uint64_t>();
  }
  for (const auto& operation : json.at("operations")) add_operation(total, operation);
  for (const auto& point : json.at("points")) add_point(total, point);
  if (json.contains("compared")) add_compared(total.compared, json.at("compared"));
}

}  // namespace

std::uint64_t sum(const ByContext& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

Exercised::Exercised(const Schema& of) : schema(of), ops(of.ops.size()) {
  for (const PointId point : program::listed_points(of)) points.push_back({.point = point});
}

void add(Exercised& total, Runner& runner) {
  const inject::Stats& stats = runner.simulation().stats();
  const OpMix& mix = runner.op_mix();
  total.compared.add(runner.compare_count());
  total.runs += stats.runs;
  total.visits += stats.points;
  total.ignored += stats.ignored;
  total.reentries += stats.reentries;
  for (std::size_t c = 0; c < inject::kContexts; ++c) total.ops_by_context[c] += stats.ops[c];
  for (std::size_t k = 0; k < inject::kActionKinds; ++k) total.decisions[k] += stats.actions[k];
  for (std::size_t code = 0; code < mix.by_code.size(); ++code) {
    total.ops[code].done += mix.by_code[code].done;
    total.ops[code].failed += mix.by_code[code].failed;
    total.ops[code].vacuous += mix.by_code[code].vacuous;
  }
  for (PointId point = 0; point < machine::kMaxPoints; ++point) {
    if (!program::is_point(total.schema, point)) continue;
    for (std::size_t k = 0; k < inject::kLaneKinds; ++k) {
      if (stats.entered[k][point] != 0) use_of(total, point).entered[k] += stats.entered[k][point];
    }
    for (std::size_t c = 0; c < inject::kContexts; ++c) {
      if (stats.reached[c][point] == 0 && stats.injected[c][point] == 0 &&
          stats.failed[c][point] == 0)
        continue;
      PointUse& use = use_of(total, point);
      use.reached[c] += stats.reached[c][point];
      use.injected[c] += stats.injected[c][point];
      use.failed[c] += stats.failed[c][point];
    }
  }
}

json to_json(const Exercised& exercised) {
  json decisions = json::object();
  for (std::size_t kind = 0; kind < exercised.decisions.size(); ++kind) {
    decisions[std::string(kDecisionNames[kind])] = exercised.decisions[kind];
  }
  json operations = json::array();
  for (std::size_t code = 0; code < exercised.ops.size(); ++code) {
    const OpMix::Count& count = exercised.ops[code];
    operations.push_back({{"name", exercised.schema.ops[code].name},
                          {"done", count.done},
                          {"failed", count.failed},
                          {"vacuous", count.vacuous}});
  }
  json points = json::array();
  for (const PointUse& use : exercised.points) points.push_back(to_json(exercised.schema, use));
  json result = {{"target", exercised.schema.target},
                 {"executions", exercised.executions},
                 {"runs", exercised.runs},
                 {"visits", exercised.visits},
                 {"ignored", exercised.ignored},
                 {"reentries", exercised.reentries},
                 {"contexts", by(context_name, exercised.ops_by_context)},
                 {"decisions", std::move(decisions)},
                 {"operations", std::move(operations)},
                 {"points", std::move(points)}};
  if (exercised.compared.runs != 0) result["compared"] = to_json(exercised.compared);
  return result;
}

std::string add_json(Exercised& total, const json& json) {
  if (!json.is_object() || !json.contains("target")) return "not statistics of anyctx";
  if (json["target"] != total.schema.target)
    return fmt::format("statistics of another target: {}", json["target"].dump());
  try {
    add_all(total, json);
  } catch (const nlohmann::json::exception& error) {
    return fmt::format("damaged statistics: {}", error.what());
  }
  return {};
}

}  // namespace anyctx::engine
