#include "triage/cli/runner_commands.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

#include "triage/cli/duration.h"
#include "triage/cli/setup_error.h"

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

}  // namespace

int replay(const Installation& installation, const ReplayOptions& options) {
  Command command = installation.runner(options.sanitizer).with("replay");
  with_option(command, "--raw", options.raw_target);
  with_option(command, "--record", options.record);
  with_option(command, "--repeat", std::to_string(options.repeat));
  with_option(command, "--timeout", std::to_string(parse_duration(options.timeout).count()));
  with_flag(command, "--trace", options.trace);
  with_flag(command, "--json", options.json);
  return run(std::move(command), options.files);
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
  with_flag(command, "--json", options.json);
  const fs::path out = options.out.empty() ? installation.work() : fs::path(options.out);
  for (const TargetInfo& target : installation.targets()) {
    if (!fs::is_directory(out / target.name)) continue;
    for (const auto& entry : fs::directory_iterator(out / target.name)) {
      if (entry.path().filename().string().starts_with("stats-"))
        command.with("--stats").with(entry.path());
    }
  }
  return run(std::move(command), options.targets);
}

}  // namespace anyctx::triage
