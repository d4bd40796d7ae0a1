// Choose: random parts of programs, made among what is legal and biased to what is interesting.
#pragma once

#include <optional>
#include <span>

#include "fuzzers/ops/program.h"
#include "fuzzers/ops/rules.h"
#include "fuzzers/ops/swarm.h"

namespace anyctx::program {

/// Bit s: some operation puts its result into slot s.
std::uint32_t slots_with_results(const Schema& schema, const Program& program);
/// The slots that have results which the argument of an operation in a lane of `kind` takes: if
/// there are any, those with more results than operations that take them. Without such results, all
/// slots that have some. 0 for arguments that take no results.
std::uint32_t slots_to_take(const Schema& schema, const Program& program, const ArgSpec& spec,
                            inject::LaneKind kind);

/// Ends of the range, powers of two and their neighbours, small steps from the start, anything.
std::uint32_t choose_number(Bounds range, inject::Rng& rng);

/// A value for an argument; for slots, mostly one that has results.
std::uint32_t choose_arg(const ArgSpec& spec, std::uint32_t result_slots, inject::Rng& rng);

/// Whether operations that only consume earlier results are wanted. Handlers that keep what they
/// allocate make stale pointers and re-used memory visible; handlers that clean up hide them.
enum class Keep : std::uint8_t { no, yes };

/// An operation that is legal in lanes of `kind`; none if the swarm has none.
std::optional<Op> choose_op(const Schema& schema, const Swarm& swarm, const Program& program,
                            inject::LaneKind kind, Keep keep, inject::Rng& rng);

/// Some operation of the program; none if there are none. Its entry is 0, for handlers sometimes 1.
std::optional<inject::OpRef> choose_place(const Program& program, inject::Rng& rng);

/// A legal action at a legal place; none if the swarm has none.
std::optional<inject::Action> choose_action(const Schema& schema, const Swarm& swarm,
                                            const Program& program, const inject::OpRef& where,
                                            machine::PointId point, inject::Rng& rng);

/// How often an operation may visit a point, when nothing is known: its boundaries once.
std::uint32_t usual_visits(machine::PointId point);

/// 1, rarely 2, more rarely 3, ..., at most `most`.
std::uint16_t choose_occurrence(std::uint32_t most, inject::Rng& rng);

/// A walk with a seed.
Walk choose_walk(inject::Rng& rng);

}  // namespace anyctx::program
