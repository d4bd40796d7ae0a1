#include "fuzzers/run/run_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/run/catalogue.h"
#include "fuzzers/run/convert.h"
#include "fuzzers/run/replay.h"
#include "fuzzers/run/schedules.h"
#include "fuzzers/run/serve.h"
#include "fuzzers/run/story_json.h"
#include "fuzzers/run/sweep_worker.h"
#include "fuzzers/run/verdict_json.h"

namespace anyctx::run {
namespace {

using engine::kExitClean;
using engine::kExitSetup;
using engine::Target;

using Targets = std::span<const Target>;

void add_replay(CLI::App& app, Targets targets, int& exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "run programs from files");
  command->add_option("FILE", options->files)->required();
  command->add_option("--repeat", options->repeat)->check(CLI::Range(1u, 1'000'000u));
  command->add_flag("--trace", options->trace);
  command->add_flag("--json", options->json);
  command->add_option("--raw", options->raw_target);
  command->add_option("--record", options->record);
  command->add_option("--timeout", options->timeout);
  command->add_option("--command", options->command);
  command->callback([=, &exit_code] { exit_code = replay(targets, *options); });
}

void add_convert(CLI::App& app, Targets targets) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand("convert", "programs between text and binary");
  command->add_option("FILE", options->files)->required();
  command->add_option("-o,--output", options->output);
  command->add_option("--to", options->to)->check(CLI::IsMember({"text", "binary"}));
  command->add_option("--raw", options->raw_target);
  command->add_option("--param", options->params)->allow_extra_args(false);
  command->add_flag("--no-decisions", options->no_decisions);
  command->add_flag("--fitting", options->fitting);
  command->callback([=] { convert(targets, *options); });
}

void add_points(CLI::App& app, Targets targets) {
  auto options = std::make_shared<CatalogueOptions>();
  CLI::App* command = app.add_subcommand("points", "the decision points of targets");
  command->add_option("TARGET", options->targets);
  command->add_option("--stats", options->stats);
  command->add_option("--program", options->programs);
  command->add_option("--raw", options->raw_target);
  command->add_flag("--heat", options->heat);
  command->add_flag("--json", options->json);
  command->callback([=] { print_catalogue(targets, *options); });
}

void add_sweep(CLI::App& app, Targets targets, int& exit_code) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand("sweep", "a share of a sweep, for anyctx");
  command->add_option("FILE", options->files)->required();
  command->add_option("--scope", options->scope);
  command->add_option("--faults", options->what.faults);
  command->add_option("--nmi", options->what.nmi);
  command->add_option("--preempt", options->what.preempt);
  command->add_option("--freeze", options->what.freeze);
  command->add_option("--depth", options->what.depth)->check(CLI::Range(1u, 2u));
  command->add_option("--pairs", options->what.pairs);
  command->add_option("--occurrences", options->what.occurrences);
  command->add_option("--switches", options->what.switches)
      ->check(CLI::Range(0u, sweep::kMaxSwitches));
  command->add_option("--reduce", options->what.reduce);
  command->add_option("--shard", options->shard);
  command->add_option("--shards", options->shards)->check(CLI::Range(1u, 1'000'000u));
  command->add_option("--job", options->job);
  command->add_option("--jobs", options->jobs)->check(CLI::Range(1u, 1024u));
  command->add_option("--done", options->done);
  command->add_option("--place", options->place);
  command->add_option("--describe", options->describe);
  command->callback([=, &exit_code] { exit_code = sweep_share(targets, *options); });
}

void add_schedules(CLI::App& app, Targets targets, int& exit_code) {
  auto options = std::make_shared<ScheduleOptions>();
  CLI::App* command = app.add_subcommand("schedules", "random schedules with a known chance");
  command->add_option("FILE", options->files)->required();
  command->add_option("--depth", options->depth)->check(CLI::Range(1u, 16u));
  command->add_option("--runs", options->runs)->check(CLI::Range(1u, 1'000'000'000u));
  command->add_option("--seed", options->seed);
  command->add_option("--save", options->save);
  command->add_option("--seconds", options->seconds);
  command->add_flag("--first", options->first);
  command->add_flag("--json", options->json);
  command->callback([=, &exit_code] { exit_code = try_schedules(targets, *options); });
}

void add_serve(CLI::App& app, Targets targets, int& exit_code) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "run programs that come through a pipe");
  command->add_option("--raw", options->raw_target);
  command->add_option("--will", options->will);
  command->callback([=, &exit_code] { exit_code = serve(targets, *options); });
}

void add_story(CLI::App& app, Targets targets, int& exit_code) {
  auto options = std::make_shared<StoryOptions>();
  CLI::App* command = app.add_subcommand("story", "one run, step by step, as JSON");
  command->add_option("FILE", options->file)->required();
  command->add_option("--raw", options->raw_target);
  command->callback([=, &exit_code] { exit_code = print_story(targets, *options); });
}

void add_schema(CLI::App& app, Targets targets) {
  auto name = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("schema", "what programs of a target contain, as JSON");
  command->add_option("TARGET", *name)->required();
  command->callback([=] {
    const Target& target = engine::find_or_throw(targets, *name);
    fmt::print("{}\n", to_json(*target.schema).dump());
  });
}

void add_targets(CLI::App& app, Targets targets) {
  CLI::App* command = app.add_subcommand("targets", "the targets, as JSON");
  command->callback([=] {
    nlohmann::json list = nlohmann::json::array();
    for (const Target& target : targets) {
      list.push_back({{"name", target.name()}, {"what", target.what}});
    }
    fmt::print("{}\n", list.dump());
  });
}

}  // namespace

int run_command(int argc, char** argv, Targets targets) {
  int exit_code = kExitClean;
  CLI::App app("runs targets; started by anyctx");
  app.require_subcommand(1);
  add_replay(app, targets, exit_code);
  add_convert(app, targets);
  add_points(app, targets);
  add_sweep(app, targets, exit_code);
  add_schedules(app, targets, exit_code);
  add_serve(app, targets, exit_code);
  add_story(app, targets, exit_code);
  add_schema(app, targets);
  add_targets(app, targets);
  try {
    app.parse(argc, argv);
    return exit_code;
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kExitClean;
  } catch (const std::exception& error) {  // SetupError and CLI::ParseError among them
    fmt::print(stderr, "anyctx: {}\n", error.what());
    return kExitSetup;
  }
}

}  // namespace anyctx::run
