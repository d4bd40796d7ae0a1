#include "fuzzers/engine/feedback.h"

#include "fuzzers/ops/points.h"
#include "lib/machine/check.h"

namespace anyctx::engine {

Feedback::Feedback(const program::Schema& schema, std::span<std::uint8_t> counters)
    : counters_(counters), points_(program::listed_points(schema)) {
  ANYCTX_CHECK_OP(points_.size() * kPerPoint, <=, counters.size());
  index_.assign(machine::kMaxPoints, static_cast<std::uint16_t>(points_.size()));
  for (std::size_t i = 0; i < points_.size(); ++i) {
    index_[points_[i]] = static_cast<std::uint16_t>(i);
  }
  before_.resize(points_.size() * inject::kContexts * kOutcomes);
}

bool Feedback::changed(std::uint64_t now, std::uint64_t& before) {
  const bool result = now != before;
  before = now;
  return result;
}

void Feedback::report(const inject::Stats& stats, const inject::Decisions& taken) {
  std::uint64_t* before = before_.data();
  for (std::size_t i = 0; i < points_.size(); ++i) {
    std::uint8_t* counter = counters_.data() + i * kPerPoint;
    for (unsigned context = 0; context < inject::kContexts; ++context) {
      for (const auto* counts : {&stats.reached, &stats.injected, &stats.failed}) {
        if (changed((*counts)[context][points_[i]], *before++)) *counter = 1;
        ++counter;
      }
    }
  }
  for (const inject::Decision& decision : taken) report_decision(decision);
}

void Feedback::report_decision(const inject::Decision& decision) {
  const std::size_t index = index_[decision.point];
  if (index == points_.size()) return;
  const inject::Action& action = decision.action;
  const unsigned which = action.kind == inject::ActionKind::enter
                             ? inject::kActionKinds + static_cast<unsigned>(action.lane.kind)
                             : static_cast<unsigned>(action.kind);
  counters_[index * kPerPoint + inject::kContexts * kOutcomes + which] = 1;
}

void Feedback::skip(const inject::Stats& stats) {
  std::uint64_t* before = before_.data();
  for (const machine::PointId point : points_) {
    for (unsigned context = 0; context < inject::kContexts; ++context) {
      for (const auto* counts : {&stats.reached, &stats.injected, &stats.failed}) {
        *before++ = (*counts)[context][point];
      }
    }
  }
}

}  // namespace anyctx::engine
