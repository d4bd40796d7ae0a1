#include "triage/minimize/minimizer.h"

#include <algorithm>

#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/normalize.h"
#include "triage/minimize/removals.h"
#include "triage/minimize/simplifier.h"

namespace anyctx::triage {
namespace {

using inject::Lane;
using program::Program;
using program::Walk;

constexpr std::size_t kMostForPairs = 24;  // operations and decisions, of which to try all pairs
constexpr std::size_t kMostForOccurrences = 8;  // operations and decisions
constexpr std::uint16_t kMostOccurrences = 8;

/// Removes parts of a list of `size()` items with `remove(begin, end)`, which says whether it did:
/// from the end, since what comes last is needed least, in chunks that halve.
template <class Size, class Remove>
bool remove_in_chunks(Size size, Remove remove) {
  bool better = false;
  for (std::size_t chunk = size(); chunk > 0; chunk /= 2) {
    for (std::size_t end = size(); end > 0;) {
      const std::size_t begin = end > chunk ? end - chunk : 0;
      better = remove(begin, end) || better;
      end = std::min(begin, size());
    }
  }
  return better;
}

}  // namespace

Minimizer::Minimizer(const program::Schema& schema, Question shows, Enough enough)
    : schema_(schema), shows_(std::move(shows)), enough_(std::move(enough)) {}

Program Minimizer::minimize(Program program) {
  best_ = std::move(program);
  cost_ = cost_of(schema_, best_);
  Simplifier simplifier(*this);
  for (bool better = true; better && !enough_();) {
    better = false;
    for (const auto pass :
         {&Minimizer::drop_walk, &Minimizer::drop_params, &Minimizer::drop_decisions,
          &Minimizer::drop_lanes, &Minimizer::drop_ops, &Minimizer::drop_ops_keeping_decisions,
          &Minimizer::merge_lanes, &Minimizer::drop_pairs}) {
      better = (this->*pass)() || better;
    }
    // Only of what is left: there is less to look at.
    if (!better) better = simplifier.simplify();
  }
  return best_;
}

bool Minimizer::try_this(Program candidate) {
  program::normalize(schema_, candidate);
  const Cost cost = cost_of(schema_, candidate);
  if (cost >= cost_ || enough_()) return false;
  const program::Bytes bytes = program::encode(schema_, candidate);
  if (!seen_.emplace(bytes.begin(), bytes.end()).second) return false;
  ++asked_;
  if (!shows_(candidate)) return false;
  best_ = std::move(candidate);
  cost_ = cost;
  return true;
}

bool Minimizer::drop_walk() {
  if (best_.walk.source == Walk::Source::none) return false;
  Program without = best_;
  without.walk = {};
  if (try_this(std::move(without))) return true;
  return remove_in_chunks([&] { return best_.walk.bytes.size(); },
                          [&](std::size_t begin, std::size_t end) {
                            Program shorter = best_;
                            const auto bytes = shorter.walk.bytes.begin();
                            shorter.walk.bytes.erase(bytes + static_cast<std::ptrdiff_t>(begin),
                                                     bytes + static_cast<std::ptrdiff_t>(end));
                            return try_this(std::move(shorter));
                          });
}

bool Minimizer::drop_params() {
  Program plain = best_;
  plain.params = program::empty_program(schema_).params;
  return try_this(std::move(plain));
}

bool Minimizer::drop_decisions() {
  return remove_in_chunks([&] { return best_.decisions.size(); },
                          [&](std::size_t begin, std::size_t end) {
                            return try_this(without_decisions(best_, begin, end));
                          });
}

bool Minimizer::drop_lanes() {
  bool better = false;
  for (std::size_t i = best_.lanes.size(); i-- > 0;) {
    Program without = best_;
    program::erase_lane(without, best_.lanes[i].lane);
    better = try_this(std::move(without)) || better;
  }
  return better;
}

bool Minimizer::drop_ops() {
  return remove_in_chunks(
      [&] { return count_ops(best_); },
      [&](std::size_t begin, std::size_t end) { return try_this(without_ops(best_, begin, end)); });
}

bool Minimizer::drop_ops_keeping_decisions() {
  bool better = false;
  for (std::size_t i = count_ops(best_); i-- > 0;) {
    if (i >= count_ops(best_)) continue;
    const OpPlace place = op_places(best_)[i];
    const bool decided = std::any_of(
        best_.decisions.begin(), best_.decisions.end(), [&](const inject::Decision& decision) {
          return decision.where.lane == place.lane && decision.where.op == place.position;
        });
    const Program without =
        decided ? without_op_but_decisions(best_, place) : without_ops(best_, i, i + 1);
    better = try_this(without) || search_occurrences(without) || better;
  }
  return better;
}

/// The operation that went passed points, perhaps, which others do not pass now, or now do.
bool Minimizer::search_occurrences(const Program& candidate) {
  if (count_ops(candidate) + candidate.decisions.size() > kMostForOccurrences) return false;
  for (std::size_t i = 0; i < candidate.decisions.size(); ++i) {
    for (std::uint16_t occurrence = 1; occurrence <= kMostOccurrences; ++occurrence) {
      Program other = candidate;
      other.decisions[i].occurrence = occurrence;
      if (try_this(std::move(other))) return true;
    }
  }
  return false;
}

/// Two that are only needed because of each other: what is taken and given back.
bool Minimizer::drop_pairs() {
  bool better = false;
  const auto items = [&] { return count_ops(best_) + best_.decisions.size(); };
  const auto drop = [&](Program& program, std::size_t item) {
    const std::size_t ops = count_ops(program);
    if (item < ops)
      program = without_ops(program, item, item + 1);
    else if (item - ops < program.decisions.size())
      program = without_decisions(program, item - ops, item - ops + 1);
  };
  if (items() > kMostForPairs) return false;
  for (std::size_t second = items(); second-- > 1;) {
    for (std::size_t first = std::min(second, items()); first-- > 0;) {
      if (second >= items()) break;
      Program without = best_;
      drop(without, second);
      drop(without, first);
      better = try_this(std::move(without)) || better;
    }
  }
  return better;
}

bool Minimizer::merge_lanes() {
  bool better = false;
  for (std::size_t i = best_.lanes.size(); i-- > 1;) {
    for (std::size_t j = 0; j < i && i < best_.lanes.size(); ++j) {
      const Lane from = best_.lanes[i].lane;
      const Lane into = best_.lanes[j].lane;
      if (best_.lanes[i].ops.size() + best_.lanes[j].ops.size() > program::kMaxOpsPerLane) continue;
      if (try_this(with_lanes_merged(best_, from, into, true)) ||
          try_this(with_lanes_merged(best_, from, into, false))) {
        better = true;
        break;
      }
    }
  }
  return better;
}

}  // namespace anyctx::triage
