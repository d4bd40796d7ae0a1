// Version 1 of the payload.
//
//   fixed part  parameters u8 | tasks u8, one bit each | operations u16 | decisions u16 |
//               source of the walk u8 | rate u16 | seed u64
//   parameter   index u8 | value u32
//   operation   lane u8 | code u8 | result u8 | 4 arguments u32
//   decision    lane u8 | operation u8 | entry u16 | point u16 | occurrence u16 |
//               kind of action u8 | its lane u8 | its value u8 | 0 u8
//   the rest    the bytes of the walk
//
// Only parameters that differ from their default are there. Operations of one lane are in order.
// A lane is kind * 8 + index. Numbers out of range are wrapped into it; records that still make no
// sense are dropped by normalization.
#include <algorithm>
#include <array>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/payload.h"
#include "fuzzers/ops/rules.h"

namespace anyctx::program {
namespace {

using inject::Decision;
using inject::Lane;
using inject::LaneKind;

constexpr std::size_t kParamSize = 5;
constexpr std::size_t kOpSize = 3 + 4 * kMaxArgs;
constexpr std::size_t kDecisionSize = 12;

/// The fixed part: what follows, and how much of it.
struct Contents {
  std::uint8_t params = 0;
  std::uint8_t tasks = 0;
  std::uint16_t ops = 0;
  std::uint16_t decisions = 0;
};

unsigned lane_byte(Lane lane) {
  return static_cast<unsigned>(lane.kind) * inject::kMaxLanesPerKind + lane.index;
}

Lane lane_of_byte(unsigned byte) {
  return {static_cast<LaneKind>(byte / inject::kMaxLanesPerKind % inject::kLaneKinds),
          static_cast<std::uint8_t>(byte % inject::kMaxLanesPerKind)};
}

/// A lane that can hold operations, for any byte.
Lane op_lane_of_byte(unsigned byte) {
  Lane lane = lane_of_byte(byte);
  if (max_lanes(lane.kind) == 0) return {};
  lane.index = static_cast<std::uint8_t>(lane.index % max_lanes(lane.kind));
  return lane;
}

Contents contents_of(const Schema& schema, const Program& program) {
  Contents contents;
  for (std::size_t i = 0; i < schema.params.size(); ++i)
    if (program.params[i] != schema.params[i].fallback) ++contents.params;
  for (const LaneOps& lane : program.lanes) {
    contents.ops = static_cast<std::uint16_t>(contents.ops + lane.ops.size());
    if (lane.lane.kind == LaneKind::task)
      contents.tasks = static_cast<std::uint8_t>(contents.tasks | 1u << lane.lane.index);
  }
  contents.decisions = static_cast<std::uint16_t>(program.decisions.size());
  return contents;
}

void write_op(ByteWriter& writer, Lane lane, const Op& op) {
  writer.u8(lane_byte(lane));
  writer.u8(op.code);
  writer.u8(op.result);
  for (const std::uint32_t arg : op.args) writer.u32(arg);
}

void write_decision(ByteWriter& writer, const Decision& decision) {
  writer.u8(lane_byte(decision.where.lane));
  writer.u8(decision.where.op);
  writer.u16(decision.where.entry);
  writer.u16(decision.point);
  writer.u16(decision.occurrence);
  writer.u8(static_cast<unsigned>(decision.action.kind));
  writer.u8(lane_byte(decision.action.lane));
  writer.u8(decision.action.value);
  writer.u8(0);
}

void read_param(const Schema& schema, ByteReader& reader, Program& program) {
  const std::size_t index = reader.u8();
  const std::uint32_t value = reader.u32();
  if (schema.params.empty()) return;
  const std::size_t wrapped = index % schema.params.size();
  program.params[wrapped] = bounds(schema.params[wrapped]).wrap(value);
}

void read_op(const Schema& schema, ByteReader& reader, Program& program) {
  const Lane lane = op_lane_of_byte(reader.u8());
  Op op;
  op.code = static_cast<std::uint8_t>(reader.u8() % schema.ops.size());
  op.result = static_cast<std::uint8_t>(reader.u8() % kSlots);
  const auto& args = schema.ops[op.code].args;
  for (std::size_t i = 0; i < kMaxArgs; ++i) {
    const std::uint32_t value = reader.u32();
    op.args[i] = i < args.size() ? bounds(args[i]).wrap(value) : 0;
  }
  // Not more than a lane can keep, so that repairing it stays cheap.
  std::vector<Op>& ops = ensure_lane(program, lane).ops;
  if (ops.size() < kMaxOpsPerLane) ops.push_back(op);
}

void read_decision(ByteReader& reader, Program& program) {
  Decision decision;
  decision.where.lane = lane_of_byte(reader.u8());
  decision.where.op = reader.u8();
  decision.where.entry = reader.u16();
  decision.point = static_cast<machine::PointId>(reader.u16() % machine::kMaxPoints);
  decision.occurrence = reader.u16();
  decision.action.kind = static_cast<inject::ActionKind>(reader.u8() % inject::kActionKinds);
  decision.action.lane = lane_of_byte(reader.u8());
  decision.action.value = reader.u8();
  reader.u8();
  const LaneOps* lane = find_lane(program, decision.where.lane);
  if (lane != nullptr && !lane->ops.empty())
    decision.where.op = static_cast<std::uint8_t>(decision.where.op % lane->ops.size());
  if (program.decisions.size() < kMaxDecisions) program.decisions.push_back(decision);
}

/// How many records of `size` bytes of the `claimed` ones are there at least in part.
std::size_t present(const ByteReader& reader, std::size_t claimed, std::size_t size) {
  return std::min(claimed, (reader.left() + size - 1) / size);
}

}  // namespace

Bytes encode_v1(const Schema& schema, const Program& program) {
  const Contents contents = contents_of(schema, program);
  ByteWriter writer;
  writer.u8(contents.params);
  writer.u8(contents.tasks);
  writer.u16(contents.ops);
  writer.u16(contents.decisions);
  writer.u8(static_cast<unsigned>(program.walk.source));
  writer.u16(program.walk.rate);
  writer.u64(program.walk.seed);
  for (std::size_t i = 0; i < schema.params.size(); ++i) {
    if (program.params[i] == schema.params[i].fallback) continue;
    writer.u8(static_cast<unsigned>(i));
    writer.u32(program.params[i]);
  }
  for (const LaneOps& lane : program.lanes)
    for (const Op& op : lane.ops) write_op(writer, lane.lane, op);
  for (const Decision& decision : program.decisions) write_decision(writer, decision);
  writer.append(program.walk.bytes);
  return writer.take();
}

Program decode_v1(const Schema& schema, std::span<const std::uint8_t> payload) {
  Program program = empty_program(schema);
  program.lanes.clear();
  ByteReader reader(payload);
  Contents contents;
  contents.params = reader.u8();
  contents.tasks = reader.u8();
  contents.ops = reader.u16();
  contents.decisions = reader.u16();
  program.walk.source = static_cast<Walk::Source>(reader.u8() % 3);
  program.walk.rate = reader.u16();
  program.walk.seed = reader.u64();
  for (std::size_t i = present(reader, contents.params, kParamSize); i > 0; --i)
    read_param(schema, reader, program);
  for (std::uint8_t i = 0; i < kMaxTasks; ++i)
    if ((contents.tasks >> i & 1u) != 0) ensure_lane(program, {LaneKind::task, i});
  for (std::size_t i = present(reader, contents.ops, kOpSize); i > 0; --i)
    read_op(schema, reader, program);
  for (std::size_t i = present(reader, contents.decisions, kDecisionSize); i > 0; --i)
    read_decision(reader, program);
  const auto rest = reader.rest().first(std::min<std::size_t>(reader.left(), kMaxWalkBytes));
  program.walk.bytes.assign(rest.begin(), rest.end());
  return program;
}

}  // namespace anyctx::program
