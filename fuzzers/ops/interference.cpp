#include "fuzzers/ops/interference.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "fuzzers/ops/choose.h"
#include "fuzzers/ops/edit.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/visits.h"

namespace anyctx::program {
namespace {

using inject::LaneKind;

/// What nested code does with what it asks for.
struct Form {
  bool twice;
  bool gives_back;  // the first result
};
constexpr Form kForms[] = {{false, false}, {true, false}, {false, true}, {true, true}};

/// Where the last run was, in an operation that is still there; or the middle of any operation.
std::optional<inject::Decision> choose_host(Mutation& m) {
  const auto visit = choose_visit(m);
  if (visit && find_lane(m.program, visit->where.lane) != nullptr) return visit;
  const auto place = choose_place(m.program, m.rng);
  if (!place) return std::nullopt;
  const auto points = listed_points(m.schema);
  inject::Decision decision;
  decision.where = *place;
  decision.point = points[m.rng.below(static_cast<std::uint32_t>(points.size()))];
  return decision;
}

/// How many arguments two operations have in common, by name and kind.
unsigned shared_args(const OpSpec& left, const OpSpec& right) {
  return static_cast<unsigned>(std::ranges::count_if(left.args, [&](const ArgSpec& arg) {
    return std::ranges::any_of(right.args, [&](const ArgSpec& other) {
      return other.name == arg.name && other.kind == arg.kind;
    });
  }));
}

/// Of the operations that yield something and are legal in the handler, one of those that have most
/// in common with the host.
std::optional<std::uint8_t> choose_request(Mutation& m, const OpSpec& host, LaneKind kind) {
  std::vector<std::uint8_t> best;
  unsigned most = 1;
  for (std::size_t code = 0; code < m.schema.ops.size(); ++code) {
    const OpSpec& spec = m.schema.ops[code];
    if (!spec.has_result || !legal_in(spec, kind)) continue;
    const unsigned shared = shared_args(spec, host);
    if (shared < most) continue;
    if (shared > most) best.clear();
    most = shared;
    best.push_back(static_cast<std::uint8_t>(code));
  }
  if (best.empty()) return std::nullopt;
  return best[m.rng.below(static_cast<std::uint32_t>(best.size()))];
}

/// An operation that takes results of `request`, in the handler; none if there is none.
std::optional<std::uint8_t> choose_return(Mutation& m, std::uint8_t request, LaneKind kind) {
  std::vector<std::uint8_t> codes;
  for (std::size_t code = 0; code < m.schema.ops.size(); ++code) {
    const OpSpec& spec = m.schema.ops[code];
    if (spec.has_result || !legal_in(spec, kind) || spec.args.empty()) continue;
    const ArgSpec& first = spec.args[0];
    const bool takes = first.values.empty() || std::ranges::count(first.values, request) != 0;
    if (first.kind != ArgKind::slot || !takes) continue;
    codes.insert(codes.end(), spec.weight, static_cast<std::uint8_t>(code));
  }
  if (codes.empty()) return std::nullopt;
  return codes[m.rng.below(static_cast<std::uint32_t>(codes.size()))];
}

/// The host's arguments where the request has the same ones, the usual values elsewhere.
Op make_request(Mutation& m, const Op& host, std::uint8_t code, std::uint8_t slot) {
  const std::span<const ArgSpec> from = m.schema.ops[host.code].args;
  const std::span<const ArgSpec> to = m.schema.ops[code].args;
  Op op;
  op.code = code;
  op.result = slot;
  for (std::size_t i = 0; i < to.size(); ++i) {
    const auto same = std::ranges::find_if(
        from, [&](const ArgSpec& arg) { return arg.name == to[i].name && arg.kind == to[i].kind; });
    if (to[i].optional) {
      op.args[i] = to[i].fallback;
    } else if (same != from.end()) {
      op.args[i] = bounds(to[i]).clamp(host.args[static_cast<std::size_t>(same - from.begin())]);
    } else {
      op.args[i] = choose_arg(to[i], slots_with_results(m.schema, m.program), m.rng);
    }
  }
  return op;
}

/// A slot that no operation puts results in, if there is one.
std::uint8_t fresh_slot(std::uint32_t used, Mutation& m) {
  const auto fresh = static_cast<std::uint8_t>(std::countr_one(used));
  return fresh < kSlots ? fresh : static_cast<std::uint8_t>(m.rng.below(kSlots));
}

/// A handler without operations: a new one, or one that forgets what it did.
inject::Lane clear_handler(Mutation& m, LaneKind kind) {
  inject::Lane lane{kind, 0};
  while (lane.index + 1u < searched_lanes(kind) && find_lane(m.program, lane) != nullptr)
    ++lane.index;
  if (find_lane(m.program, lane) != nullptr) erase_lane(m.program, lane);
  ensure_lane(m.program, lane);
  return lane;
}

}  // namespace

bool interfere(Mutation& m) {
  constexpr LaneKind kKinds[] = {LaneKind::nmi, LaneKind::nmi, LaneKind::reentry, LaneKind::irq};
  const LaneKind kind = kKinds[m.rng.below(std::size(kKinds))];
  if (m.program.decisions.size() >= kMaxDecisions) return false;
  auto decision = choose_host(m);
  if (!decision || !may_enter(decision->where.lane.kind, kind)) return false;
  const Op host = find_lane(m.program, decision->where.lane)->ops[decision->where.op];
  const auto request = choose_request(m, m.schema.ops[host.code], kind);
  if (!request) return false;

  const Form& form = kForms[m.rng.below(std::size(kForms))];
  const auto give_back = form.gives_back ? choose_return(m, *request, kind) : std::nullopt;
  const std::uint32_t used = slots_with_results(m.schema, m.program);
  const std::uint8_t first = fresh_slot(used, m);
  const std::uint8_t second = fresh_slot(used | 1u << first, m);
  decision->action = {inject::ActionKind::enter, clear_handler(m, kind), 0};
  std::vector<Op>& ops = find_lane(m.program, decision->action.lane)->ops;
  ops.push_back(make_request(m, host, *request, first));
  if (form.twice) ops.push_back(make_request(m, host, *request, second));
  if (give_back) {
    Op op;
    op.code = *give_back;
    const std::span<const ArgSpec> args = m.schema.ops[op.code].args;
    op.args[0] = first;
    for (std::size_t i = 1; i < args.size(); ++i) op.args[i] = args[i].fallback;
    ops.push_back(op);
  }
  m.program.decisions.push_back(*decision);
  return true;
}

}  // namespace anyctx::program
