#include "triage/cli/sweep_crew.h"

#include <fmt/format.h>
#include <poll.h>
#include <string.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "fuzzers/ops/text.h"
#include "triage/cli/duration.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr int kWaitMs = 200;
constexpr std::uint64_t kPlanning = 0xffff'ffff;  // see run::SweepPlace

Signature signature_of(const SweepWorker& worker) {
  return worker.is_stuck() ? signature_of_timeout() : signature_of_output(worker.errors());
}

}  // namespace

Command SweepCrew::command() const {
  Command command = share_.runner;
  command.with("sweep");
  for (const std::string& option : share_.options) command.with(option);
  return command;
}

void SweepCrew::start(unsigned job) {
  const std::filesystem::path done = out_ / fmt::format("done-{}", job);
  const std::filesystem::path place = out_ / fmt::format("place-{}", job);
  std::ofstream(done) << result_.ledger();
  std::filesystem::remove(place);
  Command words = command();
  words.with("--jobs").with(std::to_string(share_.jobs)).with("--job").with(std::to_string(job));
  words.with("--done").with(done).with("--place").with(place).with("--");
  for (const std::string& file : share_.files) words.with(file);
  workers_[job] = std::make_unique<SweepWorker>(words, place);
}

void SweepCrew::read(SweepWorker& worker) {
  for (const std::string& line : worker.read_lines()) {
    const std::size_t known = result_.findings().size();
    if (!result_.add(json::parse(line, nullptr, false))) continue;
    journal_.append(line);
    if (result_.findings().size() > known)
      progress_.say(fmt::format("{}: finding {}", result_.findings().back().target,
                                result_.findings().back().headline));
  }
}

/// The text of the program that a worker ran when it ended; empty if that cannot be told.
std::string SweepCrew::describe(const SweepPlaceNumbers& place) const {
  Command words = command();
  words.with("--describe").with(fmt::format("{}:{}:{}", place[0], place[1], place[2])).with("--");
  for (const std::string& file : share_.files) words.with(file);
  const Captured captured = capture(words);
  return captured.exit.code == 0 && captured.exit.signal == 0 ? captured.output : std::string();
}

void SweepCrew::note_crash(const SweepWorker& worker) {
  const SweepPlaceNumbers place = worker.place();
  const Signature signature = signature_of(worker);
  const std::string text = describe(place);
  const std::string target(program::target_of_text(text));
  const json line = {
      {"crash",
       {{"kind", signature.kind}, {"key", signature.key}, {"headline", signature.headline}}},
      {"program", place[0]},
      {"unit", place[1]},
      {"run", place[2]},
      {"target", target},
      {"text", text},
      {"story", beginning_of_report(worker.errors())}};
  const std::size_t known = result_.findings().size();
  const std::size_t crashes = result_.crashes(place[0]);
  result_.add(line);
  if (result_.crashes(place[0]) == crashes)
    throw SetupError(fmt::format("a worker ended twice at the same place: {}", signature.headline));
  journal_.append(line.dump());
  if (result_.findings().size() > known)
    progress_.say(fmt::format("{}: finding {}", target, signature.headline));
  if (place[1] != kPlanning && result_.crashes(place[0]) == kMostCrashes)
    give_up_program(place[0], text, target);
}

void SweepCrew::give_up_program(std::uint64_t program, const std::string& text,
                                const std::string& target) {
  const json line = {{"crash",
                      {{"kind", "given-up"},
                       {"key", fmt::format("given up {}", program)},
                       {"headline", fmt::format("{} runs of one program ended their process: the "
                                                "rest of it was not swept",
                                                kMostCrashes)}}},
                     {"program", program},
                     {"unit", kPlanning},
                     {"run", 0},
                     {"target", target},
                     {"text", text},
                     {"story", ""}};
  result_.add(line);
  journal_.append(line.dump());
}

void SweepCrew::ended(unsigned job, const Exit& exit) {
  SweepWorker& worker = *workers_[job];
  read(worker);
  if (exit.signal == 0 && exit.code == kExitClean) {
    workers_[job].reset();
    return;
  }
  if (exit.signal == 0 && exit.code == kExitSetup) throw SetupError(complaint(worker.errors()));
  if (exit.code == 127) throw SetupError("cannot run anyctx-run; start through ./anyctx");
  note_crash(worker);
  start(job);
}

/// Whether any worker is left.
bool SweepCrew::turn() {
  std::vector<pollfd> files;
  for (const auto& worker : workers_) {
    if (worker) files.push_back({worker->output(), POLLIN, 0});
  }
  if (files.empty()) return false;
  ::poll(files.data(), files.size(), kWaitMs);
  for (unsigned job = 0; job < workers_.size(); ++job) {
    if (!workers_[job]) continue;
    read(*workers_[job]);
    if (const std::optional<Exit> exit = workers_[job]->poll())
      ended(job, *exit);
    else
      workers_[job]->end_if_stuck(share_.run_limit);
  }
  return true;
}

bool SweepCrew::run() {
  const Clock::time_point begin = Clock::now();
  count_interrupts();
  workers_.resize(share_.jobs);
  for (unsigned job = 0; job < share_.jobs; ++job) start(job);
  while (turn()) {
    const auto elapsed = std::chrono::duration_cast<seconds>(Clock::now() - begin);
    progress_.show(fmt::format("sweep: {} batches done, {} findings, {}", result_.batches_done(),
                               result_.findings().size(), to_clock(elapsed)));
    const bool is_enough = share_.only_first && !result_.findings().empty();
    if (interrupts() == 0 && !is_enough && !(share_.time && elapsed >= *share_.time)) continue;
    workers_.clear();  // ends them; batches that are not whole are done again
    return false;
  }
  return true;
}

}  // namespace anyctx::triage
