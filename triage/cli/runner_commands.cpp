#include "triage/cli/runner_commands.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/pile.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/story_run.h"
#include "triage/report/points_page.h"
#include "triage/story/story_html.h"
#include "triage/story/trace_events.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;

void with_option(Command& command, std::string_view name, const std::string& value) {
  if (!value.empty()) command.with(std::string(name)).with(value);
}

void with_flag(Command& command, std::string_view name, bool value) {
  if (value) command.with(std::string(name));
}

/// Files go last, behind "--": their names may look like options.
int run(Command command, const std::vector<std::string>& files) {
  command.with("--");
  for (const std::string& file : files) command.with(file);
  const Exit exit = Process(command, Process::Output::inherit).wait();
  if (exit.signal != 0) {
    fmt::print(stderr, "anyctx: the run was ended by signal {} ({})\n", exit.signal,
               strsignal(exit.signal));
    return kExitBug;
  }
  return exit.code;
}

void save_views(const Installation& installation, const ReplayOptions& options) {
  const std::string& file = options.files.front();
  const StoryRun story = run_story(installation, options.sanitizer, file, options.raw_target);
  if (!options.perfetto.empty())
    write_file(options.perfetto, trace_events(story.document).dump() + "\n");
  if (options.html.empty()) return;
  write_file(options.html,
             story_page(story.document, installation.replay_command(options.sanitizer) + " " + file,
                        beginning_of_report(story.errors)));
}

/// Of the last campaigns.
void add_statistics(Command& command, const Installation& installation, const std::string& chosen) {
  const fs::path out = chosen.empty() ? installation.work() : fs::path(chosen);
  for (const TargetInfo& target : installation.targets()) {
    if (!fs::is_directory(out / target.name)) continue;
    for (const auto& entry : fs::directory_iterator(out / target.name)) {
      if (entry.path().filename().string().starts_with("stats-"))
        command.with("--stats").with(entry.path());
    }
  }
}

void add_programs(Command& command, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (!fs::is_directory(name)) {
      command.with("--program").with(name);
      continue;
    }
    for (const PileFile& file : pile_of(name)) command.with("--program").with(file.path);
  }
}

void save_points_page(Command command, const PointsOptions& options) {
  command.with("--json").with("--");
  for (const std::string& target : options.targets) command.with(target);
  const Captured captured = capture(command);
  const auto catalogue = nlohmann::json::parse(captured.output, nullptr, false);
  if (!catalogue.is_object()) throw SetupError(complaint(captured.errors));
  write_file(options.html, points_page(catalogue));
}

}  // namespace

int replay(const Installation& installation, const ReplayOptions& options) {
  const bool views = !options.html.empty() || !options.perfetto.empty();
  if (views && options.files.size() > 1)
    throw SetupError("--html and --perfetto tell one story; give one file");
  Command command = installation.runner(options.sanitizer).with("replay");
  with_option(command, "--raw", options.raw_target);
  with_option(command, "--record", options.record);
  with_option(command, "--repeat", std::to_string(options.repeat));
  with_option(command, "--command", installation.replay_command(options.sanitizer));
  with_option(command, "--timeout", std::to_string(parse_duration(options.timeout).count()));
  with_flag(command, "--trace", options.trace);
  with_flag(command, "--json", options.json);
  const int exit_code = run(std::move(command), options.files);
  if (views && exit_code != kExitSetup) save_views(installation, options);
  return exit_code;
}

int convert(const Installation& installation, const ConvertOptions& options) {
  Command command = installation.runner().with("convert");
  with_option(command, "--raw", options.raw_target);
  with_option(command, "--to", options.to);
  with_option(command, "-o", options.output);
  for (const std::string& param : options.params) command.with("--param").with(param);
  return run(std::move(command), options.files);
}

int points(const Installation& installation, const PointsOptions& options) {
  Command command = installation.runner().with("points");
  if (options.over.empty())
    add_statistics(command, installation, options.out);
  else
    add_programs(command, options.over);
  with_option(command, "--raw", options.raw_target);
  if (!options.html.empty()) save_points_page(command, options);
  with_flag(command, "--heat", options.heat);
  with_flag(command, "--json", options.json);
  return run(std::move(command), options.targets);
}

}  // namespace anyctx::triage
