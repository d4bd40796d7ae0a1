#include "triage/cli/sweep_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>

#include "triage/cli/duration.h"
#include "triage/cli/files.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/sweep_coverage.h"
#include "triage/cli/sweep_crew.h"
#include "triage/cli/sweep_programs.h"
#include "triage/report/sweep_report.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Shard {
  unsigned index = 0;
  unsigned count = 1;
};

Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, shard.count) : first;
  if (!slash || second.ec != std::errc() || second.ptr != end || shard.index == 0 ||
      shard.index > shard.count)
    throw SetupError(fmt::format("--shard: '{}' is not K/N with 1 <= K <= N, like 3/16", text));
  --shard.index;
  return shard;
}

int sweep_instructions(const Installation& installation, const SweepOptions& options) {
  Command command = installation.instructions();
  for (const std::string& target : options.subjects) command.with(target);
  return Process(command, Process::Output::inherit).wait().code;
}

void check(const SweepOptions& options) {
  const bool other = options.faults || options.nmi || options.preempt || options.freeze ||
                     options.depth != 1 || options.pct != 0 || options.instructions ||
                     !options.coverage.empty();
  if (options.schedules != 0 && other)
    throw SetupError(
        "--schedules is a sweep of its own: drop --faults, --nmi, --preempt, --freeze, --depth, "
        "--pct, --instructions and --coverage");
  if (options.no_reduction && options.schedules == 0)
    throw SetupError("--no-reduction is about schedules; add --schedules N");
  if (options.scope != 0 && !options.params.empty())
    throw SetupError("--scope enumerates programs as they are; drop --param");
  if (options.coverage.empty()) return;
  if (!options.time.empty() || !options.sanitizer.empty() || !options.out.empty())
    throw SetupError("--coverage takes a whole sweep: drop --time, --out and --sanitizer");
  if (!options.faults && (options.nmi || options.preempt || options.freeze))
    throw SetupError("--coverage compares runs with faults and without; add --faults");
}

/// `faults`: where they are asked for.
std::vector<std::string> words_of(const SweepOptions& options, const Shard& shard,
                                  bool faults = true) {
  const bool all = !options.faults && !options.nmi && !options.preempt && !options.freeze;
  const auto word = [](bool value) { return std::string(value ? "true" : "false"); };
  return {"--faults",      word(faults && (all || options.faults)),
          "--nmi",         word(all || options.nmi),
          "--preempt",     word(all || options.preempt),
          "--freeze",      word(options.freeze),
          "--depth",       std::to_string(options.depth),
          "--pairs",       std::to_string(options.budget),
          "--occurrences", std::to_string(options.occurrences),
          "--switches",    std::to_string(options.schedules),
          "--reduce",      word(!options.no_reduction),
          "--scope",       std::to_string(options.scope),
          "--shard",       std::to_string(shard.index),
          "--shards",      std::to_string(shard.count)};
}

/// What must be the same for a sweep to go on where it was.
json identity(const SweepShare& share, const std::string& sanitizer) {
  json files = json::array();
  for (const std::string& file : share.files)
    files.push_back({{"file", file}, {"content", short_hash(read_file(file))}});
  return {{"files", std::move(files)}, {"options", share.options}, {"sanitizer", sanitizer}};
}

void save_findings(SweepResult& result, const fs::path& folder) {
  for (SweepFinding& finding : result.findings()) {
    fs::create_directories(folder);
    const fs::path path =
        folder / fmt::format("{}-{}.txt", finding.kind, short_hash(finding.program));
    write_file(path, fmt::format("# {}\n{}", finding.headline, finding.program));
    finding.file = shown(path);
  }
}

int exit_code(const SweepResult& result) {
  const auto& findings = result.findings();
  if (findings.empty()) return kExitClean;
  const bool all_timeouts =
      std::all_of(findings.begin(), findings.end(),
                  [](const SweepFinding& finding) { return finding.kind == "timeout"; });
  return all_timeouts ? kExitTimeout : kExitBug;
}

/// The programs with everything but faults, then what `share` says; which lines each of them
/// reached.
std::string run_with_coverage(const Installation& installation, SweepShare& share,
                              const SweepOptions& options, const Shard& shard, const fs::path& out,
                              SweepJournal& journal, SweepResult& result) {
  const SweepCoverage coverage(installation, fs::absolute(options.coverage));
  SweepShare plain = share;
  plain.options = words_of(options, shard, false);
  plain.runner = coverage.runner("without-faults");
  SweepResult unused;
  fs::create_directories(out / "plain");
  SweepJournal aside(out / "plain/journal.jsonl", identity(plain, ""), unused);
  share.runner = coverage.runner("with-faults");
  if (!SweepCrew(plain, out / "plain", aside, unused).run() ||
      !SweepCrew(share, out, journal, result).run())
    throw SetupError("interrupted: half a sweep has no coverage");
  return coverage.report("without-faults", "with-faults");
}

Command schedules_command(const Installation& installation, const SweepOptions& options,
                          const fs::path& save) {
  Command command = installation.runner(options.sanitizer);
  for (const std::string& word :
       {std::string("schedules"), std::string("--depth"), std::to_string(options.pct),
        std::string("--runs"), std::to_string(options.runs), std::string("--seed"),
        std::to_string(options.seed), std::string("--save"), save.string()}) {
    command.with(word);
  }
  if (!options.time.empty())
    command.with("--seconds").with(std::to_string(parse_duration(options.time).count()));
  if (options.first) command.with("--first");
  if (options.json) command.with("--json");
  command.with("--");
  for (const std::string& file :
       sweep_programs(installation, options, save.parent_path() / "programs"))
    command.with(file);
  return command;
}

/// What the lines of the process add up to, which a crash may have ended.
int print_schedules(const Captured& captured, double seconds) {
  std::uint64_t runs = 0;
  json findings = json::array();
  std::istringstream lines(captured.output);
  for (std::string text; std::getline(lines, text);) {
    const json line = json::parse(text, nullptr, false);
    if (line.contains("runs")) runs = line.at("runs");
    if (line.contains("kind")) findings.push_back(line);
  }
  if (captured.exit.code == kExitSetup) throw SetupError(complaint(captured.errors));
  if (captured.exit.signal != 0 ||
      (captured.exit.code != kExitClean && captured.exit.code != kExitBug))
    findings.push_back({{"kind", signature_of_output(captured.errors).kind}, {"file", ""}});
  const int code = findings.empty() ? kExitClean : kExitBug;
  fmt::print("{}\n", json({{"runs", runs}, {"seconds", seconds}, {"findings", findings}}).dump());
  return code;
}

int try_schedules(const Installation& installation, const SweepOptions& options) {
  const fs::path save =
      (options.out.empty() ? installation.work() / "sweep" : fs::absolute(options.out)) /
      "findings";
  fs::create_directories(save);
  const Command command = schedules_command(installation, options, save);
  if (!options.json) return Process(command, Process::Output::inherit).wait().code;
  const Clock::time_point begin = Clock::now();
  const Captured captured = capture(command);
  return print_schedules(captured, std::chrono::duration<double>(Clock::now() - begin).count());
}

}  // namespace

int sweep(const Installation& installation, const SweepOptions& options) {
  check(options);
  if (options.instructions) return sweep_instructions(installation, options);
  if (options.pct != 0) return try_schedules(installation, options);
  const Shard shard = parse_shard(options.shard);
  const fs::path out =
      fs::absolute(options.out.empty() ? installation.work() / "sweep" : fs::path(options.out));
  if (options.out.empty()) fs::remove_all(out);
  fs::create_directories(out);

  SweepShare share;
  share.files = sweep_programs(installation, options, out / "programs");
  share.options = words_of(options, shard);
  share.runner = installation.runner(options.sanitizer);
  share.jobs = options.jobs;
  share.run_limit = parse_duration(options.timeout);
  share.only_first = options.first;
  if (!options.time.empty()) share.time = parse_duration(options.time);

  const Clock::time_point begin = Clock::now();
  SweepResult result;
  result.of_shard(shard.index, shard.count);
  SweepJournal journal(out / "journal.jsonl", identity(share, options.sanitizer), result);
  std::string coverage;
  if (!options.coverage.empty()) {
    coverage = run_with_coverage(installation, share, options, shard, out, journal, result);
  } else if (!SweepCrew(share, out, journal, result).run()) {
    result.stopped_early(share.files.size());
  }
  save_findings(result, out / "findings");

  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const std::string replay = installation.replay_command(options.sanitizer);
  if (options.json)
    fmt::print("{}\n", sweep_json(result, seconds, replay).dump());
  else
    fmt::print("{}{}", coverage, sweep_text(result, seconds, replay));
  return exit_code(result);
}

}  // namespace anyctx::triage
