#include "fuzzers/engine/fuzz_session.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fuzzers/engine/exercised.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/generate.h"

namespace anyctx::engine {
namespace {

using program::Program;

constexpr std::uint32_t kOneInNew = 64;      // mutations that are new programs instead
constexpr std::uint32_t kOneInRecorded = 3;  // of programs with a walk: its decisions written out
constexpr std::uint32_t kOneInCrossover = 8;
constexpr std::uint32_t kOneInBeginning = 4;  // mutations of what the search began with
constexpr std::size_t kMostBeginnings = 256;
constexpr std::uint64_t kRunsPerLookAtTheClock = 64;
constexpr std::chrono::seconds kSavePeriod{1};

std::uint64_t hash(FuzzSession::Input input) {
  std::uint64_t value = 0xcbf29ce484222325u;  // FNV-1a
  for (const std::uint8_t byte : input) value = (value ^ byte) * 0x100000001b3u;
  return value;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "anyctx: %s\n", why.c_str());
  ::_exit(2);
}

}  // namespace

FuzzSession::FuzzSession(const Target& target, std::span<std::uint8_t> counters,
                         const std::vector<std::string>& params, std::string stats_path,
                         Without without)
    : schema_(*target.schema),
      runner_(target),
      feedback_(schema_, counters),
      pins_(schema_),
      without_(std::move(without)),
      stats_path_(std::move(stats_path)),
      saved_(std::chrono::steady_clock::now()) {
  for (const std::string& param : params) {
    if (const std::string error = pins_.add(param); !error.empty()) give_up(error);
  }
  if (without_.decisions) pins_.without_decisions();
  save_stats();
}

void FuzzSession::keep_stats(std::string path) {
  stats_path_ = std::move(path);
  save_stats();
}

bool FuzzSession::run(Input input) {
  const Program program = program::decode(schema_, input);
  if (!pins_.hold(program)) return false;
  const RunResult result = runner_.run(program);
  ++executions_;
  if (!has_begun_ && beginnings_.size() < kMostBeginnings)
    beginnings_.push_back({{input.begin(), input.end()}, {}});
  inject::Simulation& simulation = runner_.simulation();
  feedback_.report(simulation.stats(), simulation.taken());
  if (is_finding(result)) report(program);
  save_stats_if_due();
  if (result.verdict) return false;
  return !without_.feedback || hash(input) != last_output_;
}

bool FuzzSession::is_finding(const RunResult& result) const {
  return result.verdict &&
         std::ranges::count(without_.verdicts, inject::to_string(result.verdict->kind)) == 0;
}

void FuzzSession::report(const Program& program) {
  save_stats();
  const std::string story = tell_story(runner_, program);
  std::fprintf(stderr,
               "\n%sanyctx: the engine writes the input to a file; ./anyctx replay --raw %.*s FILE "
               "runs it again\n",
               story.c_str(), static_cast<int>(schema_.target.size()), schema_.target.data());
  std::abort();
}

FuzzSession::Look FuzzSession::look(Input input, const Program& program) {
  inject::Simulation& simulation = runner_.simulation();
  simulation.collect_visits(true);
  runner_.run(program);
  simulation.collect_visits(false);
  feedback_.skip(simulation.stats());
  Look look;
  look.input = hash(input);
  look.recorded = runner_.recorded();
  for (const inject::VisitCount& visit : simulation.visits()) {
    if (simulation.passes_over(visit.point)) continue;
    look.visited.push_back({visit.where, visit.point, visit.count});
  }
  return look;
}

/// Looks at a program, unless this input is the last mutation of one that was looked at: then what
/// is known is nearly right, and cheaper.
void FuzzSession::look_at(Input input, const Program& program) {
  const std::uint64_t id = hash(input);
  if (id != look_.input && id != last_output_) look_ = look(input, program);
}

std::size_t FuzzSession::mutate(std::span<std::uint8_t> buffer, std::size_t size,
                                std::uint32_t seed) {
  inject::Rng rng(seed);
  has_begun_ = true;
  const Input input = buffer.first(size);
  if (size < program::kHeaderSize || rng.chance(1, kOneInNew))
    return put(program::generate(schema_, rng), buffer);
  if (!beginnings_.empty() && rng.chance(1, kOneInBeginning)) return mutate_beginning(buffer, rng);
  const Program program = program::decode(schema_, input);
  look_at(input, program);
  return put_mutation(look_, hash(input) == look_.input, program, buffer, rng);
}

/// What people wrote down to show what is difficult is worth more than its share of a corpus that
/// grows.
std::size_t FuzzSession::mutate_beginning(std::span<std::uint8_t> buffer, inject::Rng& rng) {
  Beginning& begin = beginnings_[rng.below(static_cast<std::uint32_t>(beginnings_.size()))];
  const Program program = program::decode(schema_, begin.input);
  if (!begin.look) begin.look = look(begin.input, program);
  return put_mutation(*begin.look, true, program, buffer, rng);
}

/// `exact`: that is what was looked at, not a program like it.
std::size_t FuzzSession::put_mutation(const Look& look, bool exact, Program program,
                                      std::span<std::uint8_t> out, inject::Rng& rng) {
  if (exact && program.walk.source != program::Walk::Source::none &&
      rng.chance(1, kOneInRecorded)) {
    program = look.recorded;
  }
  return put(program::mutate(schema_, program, rng, {look.visited}), out);
}

std::size_t FuzzSession::crossover(Input first, Input second, std::span<std::uint8_t> out,
                                   std::uint32_t seed) {
  inject::Rng rng(seed);
  // libFuzzer takes crossover as often as mutation; 0 makes it choose again.
  if (!rng.chance(1, kOneInCrossover)) return 0;
  return put(program::crossover(schema_, program::decode(schema_, first),
                                program::decode(schema_, second), rng),
             out);
}

std::size_t FuzzSession::put(Program program, std::span<std::uint8_t> out) {
  pins_.apply(program);
  const program::Bytes bytes = program::encode(schema_, program);
  const std::size_t size = std::min(bytes.size(), out.size());  // decoding is total
  std::copy_n(bytes.begin(), size, out.begin());
  last_output_ = hash(out.first(size));
  return size;
}

/// Also when the number of executions has doubled: a sanitizer may end the process soon.
void FuzzSession::save_stats_if_due() {
  const bool look = executions_ % kRunsPerLookAtTheClock == 0;
  if (std::has_single_bit(executions_) ||
      (look && std::chrono::steady_clock::now() - saved_ >= kSavePeriod))
    save_stats();
}

void FuzzSession::save_stats() {
  if (stats_path_.empty()) return;
  Exercised exercised(schema_);
  exercised.executions = executions_;
  add(exercised, runner_);
  const std::string error = save_file(stats_path_, to_json(exercised).dump());
  if (!error.empty()) give_up(error);
  saved_ = std::chrono::steady_clock::now();
}

}  // namespace anyctx::engine
