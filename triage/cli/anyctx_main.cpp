// anyctx-tool: the command line that ./anyctx starts.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "triage/cli/campaign_command.h"
#include "triage/cli/export_command.h"
#include "triage/cli/fuzz_command.h"
#include "triage/cli/minimize_command.h"
#include "triage/cli/mutants_command.h"
#include "triage/cli/runner_commands.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/sweep_command.h"
#include "triage/cli/triage_command.h"

namespace anyctx::triage {
namespace {

constexpr std::string_view kRaw = "take files without a header as raw bytes for this target";

/// What the commands share.
struct Session {
  std::string root = ".";
  std::string subject = "ours";
  int exit_code = kExitClean;
  Installation installation() const {
    return Installation(std::filesystem::absolute(root)).with_subject(subject);
  }
};

void add_fuzz(CLI::App& app, Session& session) {
  auto options = std::make_shared<FuzzOptions>();
  CLI::App* command =
      app.add_subcommand("fuzz", "search operations, faults, schedules and NMIs for a bug");
  command->add_option("TARGET", options->targets, "what to fuzz (default: all targets)");
  command->add_option("--time", options->time, "in total, for example 90s, 5m, 8h")
      ->capture_default_str();
  command->add_option("--engine", options->engine, "libfuzzer or afl")
      ->check(CLI::IsMember({"libfuzzer", "afl"}))
      ->capture_default_str();
  command->add_option("--sanitizer", options->sanitizer, "address, undefined or thread")
      ->check(CLI::IsMember({"address", "undefined", "thread"}))
      ->capture_default_str();
  command->add_option("--jobs", options->jobs, "processes at a time")
      ->check(CLI::Range(1u, 1024u))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the search (default: a new one each time)");
  command
      ->add_option("--feedback", options->feedback,
                   "what is kept for: code coverage and what points came to (state), code coverage "
                   "(code), or nothing is kept (none, libfuzzer only)")
      ->check(CLI::IsMember({"state", "code", "none"}))
      ->capture_default_str();
  command
      ->add_option("--param", options->params,
                   "NAME=VALUE: a parameter of all programs; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--strict", options->strict,
                    "with --subject kernel: what kernels are known to do otherwise is a finding");
  command->add_flag("--differential", options->differential,
                    "with --subject kernel: answers are compared with ours");
  command->add_option("--corpus", options->corpus, "keep inputs in DIR/TARGET");
  command->add_option("--out", options->out, "keep everything else in DIR (default: work)");
  command->add_flag("--no-decisions", options->no_decisions,
                    "operations only: nothing fails, nothing interrupts (libfuzzer)");
  command
      ->add_option("--ignore", options->ignored,
                   "KIND of verdict that is no finding, as one that is known; may be repeated")
      ->allow_extra_args(false);
  command->add_flag("--first", options->first, "end with the first finding");
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback([=, &session] { session.exit_code = fuzz(session.installation(), *options); });
}

void add_replay(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "run programs from files, with their story");
  command->add_option("FILE", options->files, "text or binary programs")->required();
  command->add_option("--repeat", options->repeat, "run each file so often; all must be identical")
      ->check(CLI::Range(1u, 1'000'000u));
  command->add_flag("--trace", options->trace, "print every point that is passed");
  command->add_option("--raw", options->raw_target, std::string(kRaw));
  command->add_option("--record", options->record,
                      "write the program with all its decisions to this file");
  command->add_option("--sanitizer", options->sanitizer, "run under address, undefined or thread")
      ->check(CLI::IsMember({"address", "undefined", "thread"}));
  command->add_option("--timeout", options->timeout, "for each file")->capture_default_str();
  command->add_option("--html", options->html, "one file: write its story as a page");
  command->add_option("--perfetto", options->perfetto,
                      "one file: write a trace for Perfetto or chrome://tracing");
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = replay(session.installation(), *options); });
}

void add_sweep(CLI::App& app, Session& session) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand(
      "sweep", "try every fault, NMI and switch at every point of programs (default: all three)");
  command->add_option("SUBJECT", options->subjects, "programs, or targets: all of their corpus")
      ->required();
  command->add_option("--param", options->params, "NAME=VALUE: of all programs; may be repeated");
  command->add_flag("--faults", options->faults, "every failure, once and for good");
  command->add_flag("--nmi", options->nmi, "every handler, as an NMI and as re-entry");
  command->add_flag("--preempt", options->preempt, "every switch, migration and delay");
  command->add_flag("--freeze", options->freeze,
                    "nolock operations beside and above code that stands still");
  command->add_option("--pct", options->pct, "random schedules for bugs of this depth (PCT)")
      ->check(CLI::Range(1u, 16u));
  command->add_option("--runs", options->runs, "with --pct: of each program")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "with --pct")->capture_default_str();
  command
      ->add_option("--schedules", options->schedules,
                   "all schedules with at most so many switches, and nothing else")
      ->check(CLI::Range(1u, 8u));
  command->add_flag("--no-reduction", options->no_reduction,
                    "with --schedules: those, too, that are the same as others");
  command->add_flag("--instructions", options->instructions,
                    "interrupt native operations of slab, arena at each machine instruction");
  command->add_option("--depth", options->depth, "decisions at a time")
      ->check(CLI::Range(1u, 2u))
      ->capture_default_str();
  command->add_option("--budget", options->budget, "with --depth 2: pairs for each program")
      ->capture_default_str();
  command
      ->add_option("--occurrences", options->occurrences,
                   "of a point in one operation; the middle ones are left out (0: visit all)")
      ->capture_default_str();
  command
      ->add_option("--scope", options->scope,
                   "every program of up to so many operations of a target's small alphabet")
      ->check(CLI::Range(1u, 8u));
  command->add_option("--time", options->time, "at most, for example 90s, 5m, 8h");
  command->add_flag("--first", options->first, "end with the first finding");
  command->add_option("--timeout", options->timeout, "for a single run")->capture_default_str();
  command->add_option("--shard", options->shard, "K/N: the K-th of N parts");
  command->add_option(
      "--out", options->out,
      "keep everything in DIR; the same command goes on there (default: a new start "
      "in work/sweep)");
  command->add_option("--jobs", options->jobs, "processes at a time")
      ->check(CLI::Range(1u, 1024u))
      ->capture_default_str();
  command->add_option("--sanitizer", options->sanitizer, "run under address, undefined or thread")
      ->check(CLI::IsMember({"address", "undefined", "thread"}));
  command->add_option("--coverage", options->coverage,
                      "write to DIR which lines only faults reach, and which nothing does");
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback([=, &session] { session.exit_code = sweep(session.installation(), *options); });
}

void add_minimize(CLI::App& app, Session& session) {
  auto options = std::make_shared<MinimizeOptions>();
  CLI::App* command =
      app.add_subcommand("minimize", "the smallest program that shows the same finding");
  command->add_option("FILE", options->file, "a text or binary program")->required();
  command->add_option("-o,--output", options->output, "where the smallest program goes")
      ->required();
  command->add_option("--target,--raw", options->target, std::string(kRaw));
  command
      ->add_option("--sanitizer", options->sanitizer,
                   "run under address, undefined or thread (default: the plain build, or address "
                   "where that shows nothing)")
      ->check(CLI::IsMember({"address", "undefined", "thread"}));
  command->add_option("--time", options->time, "at most, in total")->capture_default_str();
  command->add_option("--timeout", options->timeout, "for the first run")->capture_default_str();
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = minimize(session.installation(), *options); });
}

void add_triage(CLI::App& app, Session& session) {
  auto options = std::make_shared<TriageOptions>();
  CLI::App* command = app.add_subcommand("triage", "a pile of inputs as a list of bugs");
  command
      ->add_option("DIR", options->folder,
                   "programs, artifacts of libFuzzer, output folders of AFL++")
      ->required();
  command->add_option("-o,--output", options->report,
                      "folder for the reports and programs (default: work/triage)");
  command->add_option("--target,--raw", options->target, std::string(kRaw));
  command
      ->add_option("--sanitizer", options->sanitizer,
                   "run under address, undefined or thread (default: address if it is built)")
      ->check(CLI::IsMember({"address", "undefined", "thread"}));
  command->add_option("--replays", options->replays, "of each input")
      ->check(CLI::Range(1u, 10'000u))
      ->capture_default_str();
  command->add_option("--time", options->time, "for minimizing each bug")->capture_default_str();
  command->add_option("--timeout", options->timeout, "of one run")->capture_default_str();
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = triage(session.installation(), *options); });
}

void add_mutants(CLI::App& app, Session& session) {
  auto options = std::make_shared<MutantsOptions>();
  CLI::App* command = app.add_subcommand("mutants", "which planted bugs are found, and how soon");
  command->add_option("ID", options->ids, "beginnings of names in tests/mutants (default: all)");
  command
      ->add_option("--engine", options->engines,
                   "libfuzzer, afl, ops, random, sweep, pct: a column each; may be repeated")
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--time", options->time,
                      "of a trial (default: 60s; 300s where two things must come together)");
  command->add_option("--trials", options->trials, "with each engine; the medians count")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the first trial")->capture_default_str();
  command->add_option("--replays", options->replays, "of what was found")
      ->check(CLI::Range(1u, 10'000u))
      ->capture_default_str();
  command->add_flag("--further", options->further,
                    "where the first verdict is of another family than expected, look past it");
  command->add_option("--out", options->out,
                      "keep results in DIR and go on there (default: work/mutants)");
  command->add_option("--html", options->html, "write the table as a page");
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = mutants(session.installation(), *options); });
}

void add_campaign(CLI::App& app, Session& session) {
  auto options = std::make_shared<CampaignOptions>();
  CLI::App* command = app.add_subcommand(
      "campaign", "a night: targets x engines x sanitizers x personalities, with a report");
  command->add_option("CONFIG", options->config, "a TOML file (default: everything, for 8h)");
  command->add_option("--time", options->time, "in total, for example 90s, 5m, 8h");
  command->add_option("--out", options->out,
                      "keep everything in DIR; an unfinished night goes on there (default: "
                      "work/campaign)");
  command->add_option("--jobs", options->jobs, "processes at a time")->check(CLI::Range(1u, 1024u));
  command->add_option("--seed", options->seed, "of the search (default: another one each night)");
  command->add_flag("--only-new", options->known_is_clean,
                    "exit code 77 for bugs that the last night did not know, only");
  command->add_flag("--restart", options->restart, "drop the rest of an unfinished night");
  command->add_flag("--needs", options->needs)->group("");  // asked by the launcher
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = campaign(session.installation(), *options); });
}

void add_export(CLI::App& app, Session& session) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "a regression test from a finding");
  command->add_option("FILE", options->file, "a text or binary program")->required();
  command->add_option("--as", options->form, "the form of the test: gtest, kunit, bpf")->required();
  command->add_option(
      "-o,--output", options->output,
      "where the test goes (default: tests/regress/NAME_test.cpp; what belongs in a "
      "kernel: work/export/NAME_test.c; of bpf, a folder: work/export/NAME)");
  command->add_option("--name", options->name, "of the test (default: what was found)");
  command->add_option("--target,--raw", options->target, std::string(kRaw));
  command
      ->add_option("--sanitizer", options->sanitizer,
                   "run under address, undefined or thread (default: as minimize does)")
      ->check(CLI::IsMember({"address", "undefined", "thread"}));
  command->add_option("--time", options->time, "for minimizing, at most")->capture_default_str();
  command->callback(
      [=, &session] { session.exit_code = export_test(session.installation(), *options); });
}

void add_convert(CLI::App& app, Session& session) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand("convert", "program text <-> binary");
  command->add_option("FILE", options->files, "text or binary programs")->required();
  command->add_option("-o,--output", options->output,
                      "a file, or a folder for several (default: standard output)");
  command->add_option("--to", options->to, "text or binary (default: what the file is not)")
      ->check(CLI::IsMember({"text", "binary"}));
  command->add_option("--raw", options->raw_target, std::string(kRaw));
  command->add_option("--param", options->params, "NAME=VALUE: change a parameter; may be repeated")
      ->allow_extra_args(false);
  command->callback(
      [=, &session] { session.exit_code = convert(session.installation(), *options); });
}

void add_points(CLI::App& app, Session& session) {
  auto options = std::make_shared<PointsOptions>();
  CLI::App* command =
      app.add_subcommand("points", "list decision and fault points, with the last campaign's use");
  command->add_option("TARGET", options->targets, "of these targets (default: all)");
  command->add_option("--out", options->out, "where that campaign kept its files (default: work)");
  command->add_option("--over", options->over,
                      "count what these programs do instead (files, folders of them)");
  command->add_option("--raw", options->raw_target,
                      "those without a header are engine inputs of it");
  command->add_flag("--heat", options->heat, "print a heat map: point by context by outcome");
  command->add_option("--html", options->html, "write the heat map as a page to this file");
  command->add_flag("--json", options->json, "print one JSON object");
  command->callback(
      [=, &session] { session.exit_code = points(session.installation(), *options); });
}

int run(int argc, char** argv) {
  Session session;
  CLI::App app("anyctx: fuzzing and fault injection for any-context memory allocators", "anyctx");
  app.require_subcommand(1);
  app.add_option("--root", session.root)->group("");  // given by the launcher
  add_fuzz(app, session);
  add_replay(app, session);
  add_sweep(app, session);
  add_minimize(app, session);
  add_triage(app, session);
  add_mutants(app, session);
  add_campaign(app, session);
  add_export(app, session);
  add_convert(app, session);
  add_points(app, session);
  for (CLI::App* command : app.get_subcommands({})) {
    command->add_option("--subject", session.subject,
                        "ours, or kernel[:NAME]: sources prepared by ./anyctx kernel build");
  }
  try {
    app.parse(argc, argv);
    return session.exit_code;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    fmt::print(stderr, "anyctx: {}; see ./anyctx {}--help\n", error.what(),
               chosen.empty() ? "" : chosen.front()->get_name() + " ");
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "anyctx: {}: {}; check space and permissions\n", error.path1().string(),
               error.code().message());
  } catch (const std::exception& error) {
    fmt::print(stderr, "anyctx: {}\n", error.what());
  }
  return kExitSetup;
}

}  // namespace
}  // namespace anyctx::triage

int main(int argc, char** argv) {
  return anyctx::triage::run(argc, argv);
}
