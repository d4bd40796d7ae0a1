#include "fuzzers/run/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/exercised.h"
#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/points.h"

namespace anyctx::run {
namespace {

using engine::add_json;
using engine::ByContext;
using engine::Exercised;
using engine::find_or_throw;
using engine::load_file;
using engine::PointUse;
using engine::SetupError;
using engine::sum;
using engine::Target;
using engine::to_json;

using nlohmann::json;

json load_stats(const std::string& path) {
  std::string content;
  if (const std::string error = load_file(path, content); !error.empty()) throw SetupError(error);
  json stats = json::parse(content, nullptr, false);
  if (!stats.is_object() || !stats.contains("target"))
    throw SetupError(fmt::format("{}: not statistics of anyctx; remove it", path));
  return stats;
}

/// "12" for no contexts but tasks, "12 (nmi 3, ...)" otherwise.
std::string count_text(const ByContext& counts) {
  std::string contexts;
  for (std::size_t c = 1; c < counts.size(); ++c) {
    if (counts[c] == 0) continue;
    contexts += fmt::format("{}{} {}", contexts.empty() ? "" : ", ",
                            machine::to_string(static_cast<machine::Context>(c)), counts[c]);
  }
  if (contexts.empty()) return fmt::format("{}", sum(counts));
  return fmt::format("{} ({})", sum(counts), contexts);
}

void print_names(std::string_view title, const Exercised& exercised,
                 bool (*wanted)(const program::Schema&, const PointUse&)) {
  std::string names;
  unsigned count = 0;
  for (const PointUse& use : exercised.points) {
    if (!wanted(exercised.schema, use)) continue;
    names += " " + program::point_name(exercised.schema, use.point);
    ++count;
  }
  if (count != 0) fmt::print("  {} {}:{}\n", title, count, names);
}

bool never_reached(const program::Schema&, const PointUse& use) {
  return sum(use.reached) == 0;
}

bool never_failed(const program::Schema& schema, const PointUse& use) {
  return program::can_fail(schema, use.point) && sum(use.reached) != 0 && sum(use.injected) == 0 &&
         sum(use.failed) == 0;
}

void print_text(const Target& target, const Exercised& exercised) {
  const auto may_fail = std::count_if(
      exercised.points.begin(), exercised.points.end(),
      [&](const PointUse& use) { return program::can_fail(*target.schema, use.point); });
  fmt::print("{}: {}; {} points, {} may fail\n", target.name(), target.what,
             exercised.points.size(), may_fail);
  const json document = to_json(exercised);
  for (std::size_t i = 0; i < exercised.points.size(); ++i) {
    const PointUse& use = exercised.points[i];
    const json& point = document["points"][i];
    fmt::print("  {:<34} {:<10} {}\n", point["name"].get<std::string>(),
               point["kind"].get<std::string>(), point["what"].get<std::string>());
    if (exercised.runs == 0) continue;
    fmt::print("  {:<34} reached {}", "", count_text(use.reached));
    if (program::can_fail(*target.schema, use.point))
      fmt::print("; injected {}; failed {}", count_text(use.injected), count_text(use.failed));
    fmt::print("\n");
  }
  if (exercised.runs == 0) {
    fmt::print("  nothing is counted yet; ./anyctx fuzz {} does\n", target.name());
    return;
  }
  print_names("never reached", exercised, never_reached);
  print_names("reached but never failed", exercised, never_failed);
}

}  // namespace

void print_catalogue(std::span<const Target> targets, const CatalogueOptions& options) {
  std::vector<json> stats;
  for (const std::string& path : options.stats) stats.push_back(load_stats(path));
  for (const std::string& name : options.targets) find_or_throw(targets, name);
  json documents = json::array();
  for (const Target& target : targets) {
    const auto& names = options.targets;
    if (!names.empty() && std::find(names.begin(), names.end(), target.name()) == names.end())
      continue;
    Exercised exercised(*target.schema);
    for (std::size_t i = 0; i < stats.size(); ++i) {
      if (stats[i]["target"] != target.name()) continue;
      if (const std::string error = add_json(exercised, stats[i]); !error.empty())
        throw SetupError(fmt::format("{}: {}; remove it", options.stats[i], error));
    }
    if (options.json)
      documents.push_back(to_json(exercised));
    else
      print_text(target, exercised);
  }
  if (options.json) fmt::print("{}\n", json{{"targets", documents}}.dump());
}

}  // namespace anyctx::run
