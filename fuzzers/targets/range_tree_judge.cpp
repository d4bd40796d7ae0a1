#include "fuzzers/targets/range_tree_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "fuzzers/targets/range_tree_schema.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

// Own steps of an undisturbed call: one allocation, and one free for each run that goes.
constexpr std::uint32_t kMostSteps = 1000;
constexpr std::uint32_t kMostStepsPerRun = 100;

/// Locks that are taken are evidence by themselves: the machine decides about them.
std::array<bool, machine::kMaxSites> lock_sites() {
  std::array<bool, machine::kMaxSites> locks{};
  for (const auto& table : kRangeTreeSchema.sites) {
    for (const machine::SiteInfo& info : table) {
      using machine::SiteKind;
      locks[info.site.id] = info.kind == SiteKind::lock || info.kind == SiteKind::raw_lock ||
                            info.kind == SiteKind::mutex || info.kind == SiteKind::local_lock;
    }
  }
  return locks;
}

std::string list(const std::vector<model::Run>& runs) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(runs.size(), kMost); ++i) {
    text += fmt::format("{}{}..{}", i == 0 ? "" : ", ", runs[i].first, runs[i].end() - 1);
  }
  if (runs.size() > kMost) text += fmt::format(" and {} more", runs.size() - kMost);
  return runs.empty() ? "nothing" : text;
}

}  // namespace

RangeTreeJudge::RangeTreeJudge(inject::Simulation& simulation, RangeTreeSubject& subject)
    : simulation_(simulation), subject_(subject), inspector_(subject.inspector()) {}

void RangeTreeJudge::reset(std::uint64_t limit) {
  strictness_ = subject_.strictness();
  model_.reset(std::min(limit, strictness_.most_numbers));
  calls_ = 0;
}

void RangeTreeJudge::stop(VerdictKind kind, const char* rule, std::string expected,
                          std::string found) const {
  simulation_.stop(kind, rule, std::move(expected), std::move(found));
}

RangeTreeJudge::Before RangeTreeJudge::look() const {
  const inject::MachineConfig& machine = simulation_.config();
  Before before;
  before.causes = simulation_.causes().count();
  before.steps = simulation_.steps();
  before.runs = model_.runs().size();
  // Nolock allocations are refused on RT with interrupts off, on UP in an NMI, and where there is
  // no double-word swap.
  const bool refused = machine.rt || !machine.cas2 ||
                       (!machine.smp && simulation_.context() == machine::Context::nmi);
  before.may_fail = refused || calls_ > 1 || !inspector_.has_room();
  return before;
}

bool RangeTreeJudge::has_excuse(std::uint32_t known) const {
  static const std::array<bool, machine::kMaxSites> locks = lock_sites();
  const inject::Causes& causes = simulation_.causes();
  if (causes.count() != causes.kept().size()) return true;
  return std::ranges::any_of(causes.kept().subspan(known), [](const inject::Cause& cause) {
    return cause.injected || locks[cause.point / machine::kVerbsPerSite];
  });
}

int RangeTreeJudge::change(Change change, std::uint64_t start, std::uint64_t length) {
  const bool sets = change == Change::set;
  const Before before = look();
  const int result =
      sets ? subject_.range_tree_set(start, length) : subject_.range_tree_clear(start, length);
  const std::uint64_t end = start + length;
  if (!model_.is_valid(start, length)) {
    if (result != -EINVAL) {
      stop(VerdictKind::error_code, "a range that is empty or reaches beyond the limit is refused",
           fmt::format("{}", -EINVAL), fmt::format("{}", result));
    }
    check_runs(0, 0, result);
    return result;
  }
  if (result == -ENOMEM) {
    judge_no_memory(before, needs_node(change, start, length));
    if (!strictness_.failure_is_atomic) forget_lost();
  } else if (result != 0) {
    stop(VerdictKind::error_code, "a change of a valid range succeeds, or there is no memory",
         fmt::format("0 or {}", -ENOMEM), fmt::format("{}", result));
  } else if (sets) {
    model_.set(start, length);
  } else {
    model_.clear(start, length);
  }
  check_runs(start, end, result);
  check_steps(before);
  return result;
}

bool RangeTreeJudge::needs_node(Change change, std::uint64_t start, std::uint64_t length) const {
  if (change == Change::clear) return model_.clear_needs_run(start, length);
  if (strictness_.nodes_are_reused) return model_.set_needs_run(start, length);
  const auto adjoins = [&](const model::Run& run) {
    return (run.first < start && run.end() >= start) ||
           (run.first <= start + length && run.end() > start + length);
  };
  return !model_.contains(start, length) && std::ranges::none_of(model_.runs(), adjoins);
}

/// The model loses what the tree lost. What the tree has and the model has not is seen later.
void RangeTreeJudge::forget_lost() {
  inspector_.list_runs(found_);
  const std::vector<model::Run> before = model_.runs();
  for (const model::Run& run : before) {
    std::uint64_t at = run.first;
    for (const model::Run& kept : found_) {
      if (kept.end() <= run.first || kept.first >= run.end()) continue;
      if (kept.first > at) model_.clear(at, kept.first - at);
      at = kept.end();
    }
    if (at < run.end()) model_.clear(at, run.end() - at);
  }
}

void RangeTreeJudge::judge_no_memory(const Before& before, bool needs_node) const {
  if (!needs_node) {
    stop(VerdictKind::spurious_failure, "what needs no more runs than there are cannot fail", "0",
         "-ENOMEM");
  }
  if (simulation_.causes().count() == before.causes) {
    stop(VerdictKind::spurious_failure, "a change that fails has a cause", "a cause", "none");
  }
  if (before.may_fail || simulation_.disturbed() || has_excuse(before.causes)) return;
  stop(VerdictKind::spurious_failure, "an undisturbed change succeeds while there is memory", "0",
       "-ENOMEM");
}

void RangeTreeJudge::check_runs(std::uint64_t start, std::uint64_t end, int result) {
  if (const std::string_view wrong = inspector_.audit(); !wrong.empty()) {
    stop(VerdictKind::structure, "a tree's runs are disjoint, maximal and in both of its orders",
         "a sound tree", std::string(wrong));
  }
  inspector_.list_runs(found_);
  if (found_ != model_.runs()) {
    if (result != 0) {
      stop(VerdictKind::failure_atomicity, "a change that fails changes nothing",
           list(model_.runs()), list(found_));
    }
    if (model::differ_outside(model_.runs(), found_, start, end)) {
      stop(VerdictKind::conservation, "numbers that a call does not name stay as they are",
           list(model_.runs()), list(found_));
    }
    stop(VerdictKind::difference, "a change adds or removes what it names", list(model_.runs()),
         list(found_));
  }
  const auto nodes = static_cast<std::int64_t>(found_.size());
  if (inspector_.nodes() == nodes) return;
  stop(VerdictKind::conservation, "a tree has as many nodes as runs", fmt::format("{}", nodes),
       fmt::format("{}", inspector_.nodes()));
}

void RangeTreeJudge::check_steps(const Before& before) const {
  const auto runs = static_cast<std::uint32_t>(before.runs);
  const std::uint32_t most =
      (kMostSteps + kMostStepsPerRun * runs) * simulation_.config().step_scale;
  const std::uint32_t steps = simulation_.steps() - before.steps;
  if (simulation_.disturbed() || steps <= most) return;
  stop(VerdictKind::no_progress, "a change takes few steps for each run",
       fmt::format("at most {}", most), fmt::format("{}", steps));
}

int RangeTreeJudge::is_set(std::uint64_t start, std::uint64_t length) {
  const int result = subject_.is_range_tree_set(start, length);
  int expected = -EINVAL;
  if (model_.is_valid(start, length)) expected = model_.contains(start, length) ? 0 : -ESRCH;
  if (result != expected) {
    stop(VerdictKind::difference, "a range is set if all of its numbers are",
         fmt::format("{}", expected), fmt::format("{}", result));
  }
  return result;
}

std::int64_t RangeTreeJudge::find(std::uint64_t length) {
  const std::int64_t result = subject_.range_tree_find(length);
  const auto place = model_.find(length);
  if (length == 0 || !place) {
    const int expected = length == 0 ? -EINVAL : -ENOENT;
    if (result == expected) return result;
    stop(VerdictKind::error_code, "what is not there is not found", fmt::format("{}", expected),
         fmt::format("{}", result));
  }
  if (result == -ENOENT) {
    stop(VerdictKind::spurious_failure, "what is there is found", fmt::format("{}", *place),
         "-ENOENT");
  }
  if (result != static_cast<std::int64_t>(*place)) {
    stop(VerdictKind::placement,
         "the smallest run that fits is found, of equal ones the one that changed last",
         fmt::format("{}", *place), fmt::format("{}", result));
  }
  return result;
}

void RangeTreeJudge::destroy() {
  subject_.range_tree_destroy();
  model_.reset(model_.limit());
  check_runs(0, model_.limit(), 0);
}

void RangeTreeJudge::judge_lock(std::uint32_t causes) const {
  if (simulation_.causes().count() != causes) return;
  stop(VerdictKind::spurious_failure, "an attempt at the lock that fails has a cause", "a cause",
       "none");
}

}  // namespace anyctx::target
