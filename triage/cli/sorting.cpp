#include "triage/cli/sorting.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "triage/cli/files.h"
#include "triage/cli/interrupt.h"
#include "triage/cli/program_text.h"
#include "triage/cli/setup_error.h"
#include "triage/cli/story_run.h"
#include "triage/report/likeness.h"
#include "triage/signature/causes.h"

namespace anyctx::triage {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr unsigned kHangReplays = 1;       // each costs the time limit
constexpr std::size_t kMostMinimized = 4;  // inputs of a bug
constexpr std::chrono::seconds kLookAround{10};
constexpr std::uintmax_t kMostBytes = 1 << 20;

/// What a server says about a program without the name that it had there.
std::string reason(const std::string& error) {
  constexpr std::string_view name = "program:";
  if (!error.starts_with(name)) return error;
  return error.substr(error.find_first_not_of(' ', name.size()));
}

}  // namespace

Sorting::Sorting(const Installation& installation, SortingPlan plan, Progress& progress)
    : installation_(installation),
      plan_(std::move(plan)),
      progress_(progress),
      judge_(installation, plan_.sanitizer, plan_.target, plan_.timeout),
      plain_(installation, "", plan_.target, plan_.timeout),
      minimization_(installation, judge_, plan_.time),
      earlier_(plan_.report) {}

TriageReport Sorting::run() {
  const auto start = Clock::now();
  if (earlier_.broken())
    progress_.say(fmt::format("{} cannot be read: everything counts as new",
                              (plan_.report / "report.json").string()));
  report_.folder = shown(plan_.folder);
  report_.sanitizer = plan_.sanitizer;
  const std::vector<PileFile> files = pile_of(plan_.folder);
  for (std::size_t i = 0; i < files.size() && interrupts() == 0; ++i) {
    progress_.show(
        fmt::format("triage: input {}/{}, {} bugs", i + 1, files.size(), buckets_.size()));
    look_at(files[i]);
  }
  fs::create_directories(plan_.report / "findings");
  for (const auto& [name, bucket] : buckets_) {
    progress_.show(fmt::format("triage: bug {}/{}: {}", report_.bugs.size() + 1, buckets_.size(),
                               bucket.sight.signature.headline));
    report_.bugs.push_back(examine(bucket));
  }
  for (const auto& [name, bug] : earlier_.bugs()) {
    if (!buckets_.contains(name)) report_.gone.push_back(name);
  }
  find_causes();
  find_alike();
  rank(report_.bugs);
  report_.interrupted = interrupts() > 0;
  report_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  progress_.clear();
  return std::move(report_);
}

void Sorting::look_at(const PileFile& file) {
  std::error_code error;
  if (fs::file_size(file.path, error) > kMostBytes || error) {
    report_.skipped.push_back({file.name, error ? error.message() : "larger than any program"});
    return;
  }
  const std::string content = read_file(file.path);
  if (content.empty()) {
    report_.skipped.push_back({file.name, "empty, or not readable"});
    return;
  }
  const auto [known, fresh] = contents_.emplace(content, "");
  if (!fresh) {
    ++report_.inputs;
    ++report_.duplicates;
    if (!known->second.empty())
      buckets_.at(known->second).names.push_back(file.name);
    else
      report_.harmless.push_back(file.name);
    return;
  }
  Sight sight = judge_.look(content);
  if (!sight.error.empty()) {
    report_.skipped.push_back({file.name, reason(sight.error)});
    contents_.erase(known);
    return;
  }
  ++report_.inputs;
  const std::string hash = name_of_content(content);
  report_.hashes.push_back(hash);
  if (!earlier_.knows_input(hash)) ++report_.new_inputs;
  if (!sight.bug) {
    report_.harmless.push_back(file.name);
    return;
  }
  known->second = sight.signature.key;
  Bucket& bucket = buckets_[known->second];
  bucket.targets.insert(target_of(file, sight));
  if (bucket.files.empty()) bucket.sight = std::move(sight);
  bucket.files.push_back(&file);
  bucket.names.push_back(file.name);
}

/// A run that came to its end says so itself.
std::string Sorting::target_of(const PileFile& file, const Sight& sight) {
  if (!sight.target.empty()) return sight.target;
  const std::string text = without_comments(text_of_file(installation_, file.path, plan_.target));
  constexpr std::string_view word = "target=";
  const std::size_t at = text.find(word) + word.size();
  return text.substr(at, text.find_first_of(" \n", at) - at);
}

Bug Sorting::examine(const Bucket& bucket) {
  Bug bug;
  bug.signature = bucket.sight.signature;
  bug.target = fmt::format("{}", fmt::join(bucket.targets, " "));
  bug.inputs = bucket.names;
  bug.is_new = earlier_.find(bug.signature.key) == nullptr;
  replay(bucket, bug);
  minimize(bucket, bug);
  tell(bug);
  return bug;
}

void Sorting::replay(const Bucket& bucket, Bug& bug) {
  const bool hangs = bug.signature.kind == "timeout";
  for (const PileFile* file : bucket.files) {
    const std::string content = read_file(file->path);
    for (unsigned i = 0; i < (hangs ? kHangReplays : plan_.replays) && interrupts() == 0; ++i) {
      ++bug.replays;
      if (judge_.look(content).signature.key == bug.signature.key) ++bug.same;
    }
  }
}

/// Of the smallest inputs, the one of which least is left: each ends in a local minimum.
Minimized Sorting::minimize_best(const Bucket& bucket, std::vector<Reduced>& all) {
  std::vector<const PileFile*> files = bucket.files;
  const auto order = [](const PileFile* file) {
    return std::pair(fs::file_size(file->path), file->name);
  };
  std::sort(files.begin(), files.end(), [&](const PileFile* left, const PileFile* right) {
    return order(left) < order(right);
  });
  const bool hangs = bucket.sight.signature.kind == "timeout";
  files.resize(std::min(files.size(), hangs ? std::size_t{1} : kMostMinimized));
  std::optional<Minimized> best;
  for (const PileFile* file : files) {
    if (best && interrupts() > 0) break;
    const std::string text =
        without_comments(text_of_file(installation_, file->path, plan_.target));
    Minimized minimized = minimization_.run(text, bucket.sight);
    all.push_back({minimized.program, minimized.passed});
    const auto size = [](const Minimized& m) {
      return std::pair(m.after.ops + m.after.decisions, m.program.size());
    };
    if (!best || size(minimized) < size(*best)) best = std::move(minimized);
  }
  judge_.set_timeout(plan_.timeout);
  return std::move(*best);
}

/// The smallest inputs, unless an earlier report has something that is small already and still
/// shows the same.
void Sorting::minimize(const Bucket& bucket, Bug& bug) {
  const EarlierReport::KnownBug* known = earlier_.find(bug.signature.key);
  Sight sight;
  if (known != nullptr && known->minimal) sight = judge_.look(known->program);
  Size after;
  if (sight.bug && sight.signature.key == bug.signature.key) {
    bug.program = known->program;
    bug.before = known->before;
    bug.smallest = known->smallest;
    after = minimization_.size(bug.program);
  } else {
    Minimized minimized = minimize_best(bucket, bug.smallest);
    bug.program = std::move(minimized.program);
    bug.before = to_string(minimized.before);
    bug.minimal = minimized.complete;
    after = minimized.after;
    sight = std::move(minimized.sight);
  }
  bug.after = to_string(after);
  bug.output = beginning_of_report(sight.output);
  bug.name = fmt::format("{}-{}", bug.signature.kind, short_hash(bug.target + bug.program));
  bug.file = fmt::format("findings/{}.txt", bug.name);
  write_file(plan_.report / bug.file, with_finding(sight, bug.program));
}

void Sorting::tell(Bug& bug) {
  const fs::path file = plan_.report / bug.file;
  const bool hangs = bug.signature.kind == "timeout";
  const bool plain = plan_.sanitizer.empty() || hangs ||
                     plain_.look(bug.program).signature.key == bug.signature.key;
  const std::string sanitizer = plain ? "" : plan_.sanitizer;
  bug.replay = installation_.replay_command(sanitizer) + " " + shown(file);
  if (hangs) return;  // it has no end to tell of
  try {
    bug.story = run_story(installation_, sanitizer, file, "").document;
  } catch (const SetupError&) {
    return;  // the process could not even say how far it came; the report it printed is there
  }
  if (bug.story.at("verdict").is_null()) return;
  const Captured told = capture(installation_.runner(sanitizer).with("replay").with(file));
  bug.told = told.output.substr(0, told.output.find("  replay    "));
}

/// What programs show that are nearly this one or between this one and the input, where this one
/// shows it, and what it shows in the plain build.
std::set<std::string> Sorting::look_around(const Reduced& reduced) {
  const std::string& program = reduced.program;
  std::set<std::string> seen = minimization_.look_around(program, kLookAround);
  seen.insert(reduced.passed.begin(), reduced.passed.end());
  if (const Sight sight = judge_.look(program); !sight.verdict.is_null())
    seen.insert(place_of_verdict(sight.verdict));
  if (plan_.sanitizer.empty()) return seen;
  if (const Sight sight = plain_.look(program); sight.bug) seen.insert(sight.signature.key);
  return seen;
}

/// Signatures that need nothing in particular to happen, and less than this bug: whatever shows
/// this one shows them too, or ends before it can. That says nothing about a cause.
std::set<std::string> Sorting::shallower_than(const Bug& bug) const {
  std::set<std::string> keys;
  for (const Bug& other : report_.bugs) {
    const bool shallow = other.program.find("\nat ") == std::string::npos;
    const bool less = other.target == bug.target && does_all_of(bug.program, other.program) &&
                      !does_all_of(other.program, bug.program);
    if (shallow && less) keys.insert(other.signature.key);
  }
  return keys;
}

void Sorting::find_causes() {
  Causes causes;
  for (const Bug& bug : report_.bugs) {
    progress_.show(fmt::format("triage: looking around {}", bug.name));
    std::vector<std::set<std::string>> around;
    // One that hangs costs a second each time, and says nothing about where.
    if (bug.signature.kind != "timeout") {
      const std::set<std::string> shallower = shallower_than(bug);
      for (const Reduced& reduced : bug.smallest) {
        around.push_back(look_around(reduced));
        std::erase_if(around.back(),
                      [&](const std::string& key) { return shallower.contains(key); });
      }
    }
    causes.add(bug.signature.key, around);
  }
  merge_faces(report_.bugs, causes.groups());
}

void Sorting::find_alike() {
  for (Bug& bug : report_.bugs) {
    for (const Bug& other : report_.bugs) {
      const bool smaller = other.program.size() < bug.program.size() ||
                           (other.program.size() == bug.program.size() && &other < &bug);
      if (&bug != &other && smaller && bug.target == other.target &&
          bug.signature.kind == other.signature.kind && does_all_of(bug.program, other.program))
        bug.like.push_back(other.name);
    }
  }
}

}  // namespace anyctx::triage
