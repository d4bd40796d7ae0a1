#include "fuzzers/run/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "fuzzers/engine/exercised.h"
#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/run/heat_map.h"

namespace anyctx::run {
namespace {

using engine::add_json;
using engine::ByContext;
using engine::Exercised;
using engine::find_or_throw;
using engine::load_file;
using engine::load_program;
using engine::PointUse;
using engine::ProgramFile;
using engine::Runner;
using engine::SetupError;
using engine::sum;
using engine::Target;

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

/// "nmi 3, softirq 1".
std::string names_and_counts(const json& counts) {
  std::string text;
  for (const auto& [name, count] : counts.items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count.get<std::uint64_t>());
  return text;
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
  const json document = engine::to_json(exercised);
  for (std::size_t i = 0; i < exercised.points.size(); ++i) {
    const PointUse& use = exercised.points[i];
    const json& point = document["points"][i];
    fmt::print("  {:<34} {:<10} {}\n", point["name"].get<std::string>(),
               point["kind"].get<std::string>(), point["what"].get<std::string>());
    if (exercised.runs == 0) continue;
    fmt::print("  {:<34} reached {}", "", count_text(use.reached));
    if (program::can_fail(*target.schema, use.point))
      fmt::print("; injected {}; failed {}", count_text(use.injected), count_text(use.failed));
    if (const json& entered = point["entered"]; !entered.empty())
      fmt::print("; entered by {}", names_and_counts(entered));
    fmt::print("\n");
  }
  if (exercised.runs == 0) {
    fmt::print("  nothing is counted yet; ./anyctx fuzz {} does\n", target.name());
    return;
  }
  print_names("never reached", exercised, never_reached);
  print_names("reached but never failed", exercised, never_failed);
}

/// What campaigns counted.
void add_stats(Exercised& exercised, const std::vector<std::string>& paths,
               const std::vector<json>& stats) {
  for (std::size_t i = 0; i < stats.size(); ++i) {
    if (stats[i]["target"] != exercised.schema.target) continue;
    if (const std::string error = add_json(exercised, stats[i]); !error.empty())
      throw SetupError(fmt::format("{}: {}; remove it", paths[i], error));
  }
}

/// What programs do that are run now.
void add_programs(Exercised& exercised, const Target& target,
                  const std::vector<ProgramFile>& programs) {
  std::optional<Runner> runner;
  for (const ProgramFile& file : programs) {
    if (file.target != &target) continue;
    if (!runner) runner.emplace(target);
    runner->run(file.program);
  }
  if (runner) add(exercised, *runner);
}

}  // namespace

void print_catalogue(std::span<const Target> targets, const CatalogueOptions& options) {
  std::vector<json> stats;
  std::vector<ProgramFile> programs;
  for (const std::string& path : options.stats) stats.push_back(load_stats(path));
  for (const std::string& path : options.programs)
    programs.push_back(load_program(targets, path, options.raw_target));
  for (const std::string& name : options.targets) find_or_throw(targets, name);
  json documents = json::array();
  for (const Target& target : targets) {
    const auto& names = options.targets;
    if (!names.empty() && std::find(names.begin(), names.end(), target.name()) == names.end())
      continue;
    Exercised exercised(*target.schema);
    add_stats(exercised, options.stats, stats);
    add_programs(exercised, target, programs);
    if (options.json)
      documents.push_back(engine::to_json(exercised));
    else if (!options.heat)
      print_text(target, exercised);
    else if (exercised.runs != 0 || !names.empty())
      fmt::print("{}", heat_map(exercised));
  }
  if (options.json) fmt::print("{}\n", json{{"targets", documents}}.dump());
}

}  // namespace anyctx::run
