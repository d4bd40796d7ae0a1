#include "fuzzers/engine/comparer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fuzzers/engine/steps.h"
#include "fuzzers/engine/target.h"
#include "fuzzers/ops/lanes.h"

namespace anyctx::engine {
namespace {

using inject::ActionKind;
using inject::Event;
using inject::EventKind;
using inject::LaneKind;
using inject::OpRef;
using machine::PointId;

constexpr std::uint64_t kOutcome = 3;  // see Runner::run_lane()
constexpr PointId kOpEnd = machine::point(machine::site_op, machine::Verb::end);

machine::Site site_of(PointId point) {
  return {static_cast<std::uint8_t>(point / machine::kVerbsPerSite)};
}

/// The events of a run that must be the same in both, one after the other.
class Strand {
 public:
  Strand(const std::vector<Event>& events, const Comparison& comparison)
      : events_(events), comparison_(comparison) {}

  /// The next one; null at the end.
  const Event* next() {
    for (; at_ < events_.size(); ++at_) {
      const Event& event = events_[at_];
      switch (event.kind) {
        case EventKind::op_begin:
        case EventKind::op_end:
        case EventKind::decision:
          ++at_;
          return &event;
        case EventKind::fail:
          note_cause(event);
          break;
        case EventKind::wait:
          waits_.push_back(event.where);
          break;
        default:
          break;
      }
    }
    return nullptr;
  }
  /// One past the last event that was looked at.
  std::size_t at() const { return at_; }
  /// What failed by itself so far, in one number.
  std::uint64_t causes() const { return causes_; }
  /// Those in which something failed by itself since this was asked.
  std::vector<OpRef> take_failures() { return std::exchange(failures_, {}); }
  /// Those that waited for a lock since this was asked.
  std::vector<OpRef> take_waits() { return std::exchange(waits_, {}); }

 private:
  void note_cause(const Event& event) {
    failures_.push_back(event.where);
    if (std::ranges::count(comparison_.own_causes, site_of(event.point)) != 0) return;
    const auto lane = static_cast<unsigned>(event.where.lane.kind) << 8 | event.where.lane.index;
    for (const std::uint64_t part : {std::uint64_t{lane}, std::uint64_t{event.where.op},
                                     std::uint64_t{event.where.entry}, std::uint64_t{event.point}})
      causes_ = (causes_ ^ part) * 0x100000001b3u;
  }

  const std::vector<Event>& events_;
  const Comparison& comparison_;
  std::size_t at_ = 0;
  std::uint64_t causes_ = 0xcbf29ce484222325u;  // FNV-1a
  std::vector<OpRef> failures_;
  std::vector<OpRef> waits_;
};

class Comparer {
 public:
  Comparer(const program::Schema& schema, const program::Program& program,
           const Comparison& comparison, bool passes_known, const Answers& subject,
           const Answers& reference)
      : schema_(schema),
        program_(program),
        comparison_(comparison),
        passes_known_(passes_known),
        subject_(subject),
        reference_(reference),
        ours_(reference.events, comparison),
        theirs_(subject.events, comparison) {}

  Compared compare() {
    result_.count.runs = 1;
    if (is_unlike()) result_.cut = Cut::program;
    const Event* theirs = nullptr;
    while (!ended() && (theirs = theirs_.next()) != nullptr) look(*theirs);
    if (!ended()) look_at_end();
    if (result_.at == 0) result_.at = theirs_.at();
    if (result_.cut) ++result_.count.cuts[static_cast<unsigned>(*result_.cut)];
    count_rest();
    return result_;
  }

 private:
  bool is_unlike() const {
    return std::ranges::any_of(comparison_.params, [&](const UnlikeParam& unlike) {
      return param(schema_, program_, unlike.name) == unlike.value;
    });
  }

  bool ended() const { return result_.cut || result_.verdict; }

  /// One event of the subject, and the reference's next.
  void look(const Event& theirs) {
    const Event* const ours = ours_.next();
    if (ours == nullptr && reference_.verdict) return report_end(&theirs);
    if (ours == nullptr || !is_same(theirs, *ours)) {
      const bool decision = theirs.kind == EventKind::decision ||
                            (ours != nullptr && ours->kind == EventKind::decision);
      result_.cut = decision ? Cut::decision : Cut::order;
      return;
    }
    for (const OpRef& where : theirs_.take_waits()) place(where, false);
    for (const OpRef& where : theirs_.take_failures()) note_failure(where);
    switch (theirs.kind) {
      case EventKind::op_begin:
        return begin(theirs);
      case EventKind::op_end:
        return end(theirs, *ours);
      default:
        return decide(theirs);
    }
  }

  static bool is_same(const Event& left, const Event& right) {
    return left.kind == right.kind && left.where == right.where &&
           (left.kind != EventKind::decision ||
            (left.point == right.point && left.occurrence == right.occurrence &&
             left.action == right.action));
  }

  void decide(const Event& decision) {
    if (decision.point == kOpEnd) return decide_at_end(decision);
    const ActionKind kind = decision.action.kind;
    if (kind == ActionKind::fail) note_failure(decision.where);
    if (kind == ActionKind::fail_sticky) result_.cut = Cut::sticky;
    if (kind == ActionKind::fail || kind == ActionKind::delay) return;
    place(decision.where, is_outside(decision.point));
    // Deferred work is the subject's own.
    const LaneKind lane = decision.where.lane.kind;
    if ((lane == LaneKind::work || lane == LaneKind::worker) && comparison_.overlaps.empty())
      result_.cut = Cut::overlap;
  }

  /// The subject has answered, although others may come before the operation ends.
  void decide_at_end(const Event& decision) {
    place(decision.where, true);
    const auto end_in = [&](const std::vector<Event>& events) {
      return std::ranges::find_if(events, [&](const Event& event) {
        return event.kind == EventKind::op_end && event.where == decision.where;
      });
    };
    const auto theirs = end_in(subject_.events);
    const auto ours = end_in(reference_.events);
    if (theirs == subject_.events.end() || ours == reference_.events.end()) return;
    end(*theirs, *ours);
    if (ended()) result_.at = static_cast<std::size_t>(theirs - subject_.events.begin()) + 1;
  }

  /// Where an operation is that others come in between.
  void place(const OpRef& where, bool is_outside) {
    for (Open& open : open_) {
      if (open.where == where) open.is_outside = is_outside;
    }
  }

  bool is_outside(PointId point) const {
    const machine::Site site = site_of(point);
    return site == machine::site_op || std::ranges::count(comparison_.outside, site) != 0;
  }

  void begin(const Event& event) {
    const bool overlaps =
        std::ranges::any_of(open_, [](const Open& open) { return !open.is_outside; });
    if (overlaps && comparison_.overlaps.empty()) result_.cut = Cut::overlap;
    open_.push_back({event.where, false});
  }

  void end(const Event& theirs, const Event& ours) {
    if (std::erase_if(open_, [&](const Open& open) { return open.where == theirs.where; }) == 0)
      return;  // its answers were compared
    if (ours_.causes() != theirs_.causes()) {
      result_.cut = Cut::cause;
      return;
    }
    if (may_be_known(theirs)) {
      result_.cut = Cut::known;
      return;
    }
    answer(theirs, ours);
  }

  bool has_failed(const OpRef& where) const { return std::ranges::count(failures_, where) != 0; }

  /// Also where it is not known yet how an operation ends that is interrupted.
  bool may_be_known(const Event& end) const {
    if (!passes_known_ || comparison_.known_effect.empty() || failures_.empty()) return false;
    if (!comparison_.known_effect_fails) return true;
    const bool fails = (end.value & kOutcome) == static_cast<unsigned>(Outcome::Kind::failed);
    return (fails && has_failed(end.where)) ||
           std::ranges::any_of(open_, [&](const Open& open) { return has_failed(open.where); });
  }

  void answer(const Event& theirs, const Event& ours) {
    const Alike alike = rule_of(theirs.where);
    const bool outcomes_differ = (theirs.value & kOutcome) != (ours.value & kOutcome);
    const bool values_differ = theirs.value != ours.value;
    if ((alike == Alike::end && outcomes_differ) ||
        (alike == Alike::place && values_differ && !outcomes_differ)) {
      result_.cut = Cut::exempt;
      return;
    }
    const bool whole = alike == Alike::result || alike == Alike::place;
    ++(whole ? result_.count.compared : result_.count.exempt);
    const bool differ = (whole && values_differ) || (alike == Alike::outcome && outcomes_differ);
    if (differ) report(theirs, result_text(ours.value), result_text(theirs.value));
  }

  const program::Op& op_at(const OpRef& where) const {
    return program::find_lane(program_, where.lane)->ops[where.op];
  }
  const program::OpSpec& spec_of(const OpRef& where) const {
    return schema_.ops[op_at(where).code];
  }

  Alike rule_of(const OpRef& where) const {
    const program::Op& op = op_at(where);
    for (const AnswerRule& rule : comparison_.rules) {
      if ((rule.op.empty() || rule.op == spec_of(where).name) &&
          (passes_known_ || !rule.is_finding) && is_among(rule.calls, op, where))
        return rule.alike;
    }
    return Alike::result;
  }

  bool is_among(const Calls& calls, const program::Op& op, const OpRef& where) const {
    switch (calls.kind) {
      case Calls::Kind::all:
        return true;
      case Calls::Kind::above:
        return op.args[calls.arg] > calls.value;
      case Calls::Kind::with_flag:
        return (op.args[calls.arg] & calls.value) != 0;
      case Calls::Kind::after_failure:
        return has_failed(where);
    }
    return false;
  }

  void note_failure(const OpRef& where) { failures_.push_back(where); }

  void report(const Event& event, std::string expected, std::string found) {
    inject::Verdict verdict;
    verdict.kind = inject::VerdictKind::disagreement;
    verdict.rule =
        fmt::format("both subjects, told the same, answer {} alike", spec_of(event.where).name);
    verdict.expected = std::move(expected);
    verdict.found = std::move(found);
    verdict.in_op = true;
    verdict.where = event.where;
    verdict.cpu = event.cpu;
    verdict.context = event.context;
    verdict.point = kOpEnd;
    result_.verdict = std::move(verdict);
  }

  /// The reference's run was ended by a verdict; `theirs`: what the subject goes on with, if it
  /// does.
  void report_end(const Event* theirs) {
    inject::Verdict verdict = *reference_.verdict;
    verdict.expected = fmt::format("a verdict: {}: {}", to_string(verdict.kind), verdict.rule);
    verdict.found = theirs == nullptr ? "the end of the program" : "it goes on";
    verdict.kind = inject::VerdictKind::disagreement;
    verdict.rule = "both subjects, told the same, come as far";
    result_.verdict = std::move(verdict);
  }

  void look_at_end() {
    if (ours_.next() != nullptr) {
      result_.cut = Cut::order;
    } else if (reference_.verdict) {
      report_end(nullptr);
    }
  }

  /// Operations that came to their end and were not compared.
  void count_rest() {
    const auto ends = std::ranges::count(subject_.events, EventKind::op_end, &Event::kind);
    result_.count.rest =
        static_cast<std::uint64_t>(ends) - result_.count.compared - result_.count.exempt;
  }

  /// An operation that has begun and not ended, and whether it is where no subject is in the middle
  /// of something.
  struct Open {
    OpRef where;
    bool is_outside;
  };

  const program::Schema& schema_;
  const program::Program& program_;
  const Comparison& comparison_;
  bool passes_known_;
  const Answers& subject_;
  const Answers& reference_;
  Strand ours_;
  Strand theirs_;
  std::vector<Open> open_;
  std::vector<OpRef> failures_;  // operations in which something failed
  Compared result_;
};

struct CutWords {
  Cut cut;
  std::string_view name;
  std::string_view text;
};

constexpr CutWords kCutWords[] = {
    {Cut::program, "program", "parameters mean something else for each subject"},
    {Cut::decision, "decision", "a decision was met by one subject only"},
    {Cut::order, "order", "operations came in another order"},
    {Cut::overlap, "overlap", "an operation came in the middle of another one"},
    {Cut::cause, "cause", "something failed by itself for one subject only"},
    {Cut::sticky, "sticky", "a failure sticks, and each subject meets it as often as it asks"},
    {Cut::known, "known", "a known finding, which is passed over, may have had its effect"},
    {Cut::exempt, "exempt", "an operation that is not compared went otherwise"},
};
static_assert(std::size(kCutWords) == kCuts);

}  // namespace

void CompareCount::add(const CompareCount& other) {
  runs += other.runs;
  compared += other.compared;
  exempt += other.exempt;
  rest += other.rest;
  for (unsigned i = 0; i < kCuts; ++i) cuts[i] += other.cuts[i];
}

std::string_view to_string(Cut cut) {
  return kCutWords[static_cast<unsigned>(cut)].text;
}

std::string_view name_of(Cut cut) {
  return kCutWords[static_cast<unsigned>(cut)].name;
}

Compared compare(const program::Schema& schema, const program::Program& program,
                 const Comparison& comparison, bool passes_known, const Answers& subject,
                 const Answers& reference) {
  return Comparer(schema, program, comparison, passes_known, subject, reference).compare();
}

}  // namespace anyctx::engine
