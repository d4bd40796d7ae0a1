// Raw material: bytes that no encoder wrote, for engines that know nothing of programs.
//
//   operations u8 | 7 bytes each: lane, code, result, 4 arguments
//   decisions u8  | 8 bytes each: operation u16, entry, point u16, occurrence, action, value
//   parameters u8 | 2 bytes each: index, value
//   rate u8       | the rest are the bytes of the walk
#include <algorithm>

#include "fuzzers/ops/action_menu.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/payload.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/rules.h"

namespace anyctx::program {
namespace {

using inject::Decision;
using inject::Lane;
using inject::LaneKind;

constexpr unsigned kMostOps = 32;
constexpr unsigned kMostDecisions = 8;
constexpr unsigned kMostParams = 4;
constexpr unsigned kFewSlots = 8;  // so that operations meet each other's results

/// Where operations go, by the low bits of a byte: mostly tasks, and one handler of each kind.
constexpr Lane kLanes[16] = {
    {LaneKind::task, 0}, {LaneKind::task, 0}, {LaneKind::task, 0},    {LaneKind::task, 0},
    {LaneKind::task, 0}, {LaneKind::task, 0}, {LaneKind::task, 0},    {LaneKind::task, 1},
    {LaneKind::task, 1}, {LaneKind::task, 1}, {LaneKind::nmi, 0},     {LaneKind::nmi, 0},
    {LaneKind::nmi, 1},  {LaneKind::irq, 0},  {LaneKind::softirq, 0}, {LaneKind::reentry, 0},
};

/// One byte for a whole range: even bytes are near its start, odd ones are all over it.
std::uint32_t stretch(Bounds range, std::uint8_t byte) {
  const std::uint64_t last = range.size() - 1;
  const std::uint64_t offset = byte % 2 == 0 ? byte / 2 : last * byte / 255;
  return static_cast<std::uint32_t>(range.min + offset % range.size());
}

std::uint32_t arg_of_byte(const ArgSpec& spec, std::uint8_t byte) {
  if (spec.kind == ArgKind::slot) return byte % kFewSlots;
  if (spec.kind == ArgKind::flags) return bounds(spec).wrap(byte);
  if (!spec.values.empty()) return spec.values[byte % spec.values.size()];
  return stretch(bounds(spec), byte);
}

void draw_op(const Schema& schema, ByteReader& reader, Program& program) {
  Lane lane = kLanes[reader.u8() % std::size(kLanes)];
  Op op;
  op.code = static_cast<std::uint8_t>(reader.u8() % schema.ops.size());
  op.result = static_cast<std::uint8_t>(reader.u8() % kFewSlots);
  const OpSpec& spec = schema.ops[op.code];
  for (std::size_t i = 0; i < kMaxArgs; ++i) {
    const std::uint8_t byte = reader.u8();
    op.args[i] = i < spec.args.size() ? arg_of_byte(spec.args[i], byte) : 0;
  }
  if (!legal_in(spec, lane.kind)) lane = {};
  if (legal_in(spec, lane.kind)) ensure_lane(program, lane).ops.push_back(op);
}

/// The n-th operation of the program, wrapped; there is at least one.
inject::OpRef nth_op(const Program& program, std::size_t n) {
  std::size_t total = 0;
  for (const LaneOps& lane : program.lanes) total += lane.ops.size();
  n %= total;
  for (const LaneOps& lane : program.lanes) {
    if (n < lane.ops.size()) return {lane.lane, static_cast<std::uint8_t>(n), 0};
    n -= lane.ops.size();
  }
  return {};
}

void read_decision(const Schema& schema, std::span<const machine::PointId> points,
                   ByteReader& reader, Program& program) {
  Decision decision;
  decision.where = nth_op(program, reader.u16());
  decision.where.entry = reader.u8() % 2;
  if (!is_handler(decision.where.lane.kind)) decision.where.entry = 0;
  decision.point = points[reader.u16() % points.size()];
  decision.occurrence = static_cast<std::uint16_t>(1 + reader.u8() % 8);
  const ActionMenu menu(schema, program, decision.where, decision.point);
  decision.action = menu.actions()[reader.u8() % menu.actions().size()];
  const std::uint8_t value = reader.u8();
  if (decision.action.kind == inject::ActionKind::delay) decision.action.value = value % 8;
  program.decisions.push_back(decision);
}

void draw_param(const Schema& schema, ByteReader& reader, Program& program) {
  const std::size_t index = reader.u8();
  const std::uint8_t value = reader.u8();
  if (schema.params.empty()) return;
  const std::size_t wrapped = index % schema.params.size();
  program.params[wrapped] = stretch(bounds(schema.params[wrapped]), value);
}

}  // namespace

Program decode_raw(const Schema& schema, std::span<const std::uint8_t> bytes) {
  Program program = empty_program(schema);
  ByteReader reader(bytes);
  for (unsigned i = reader.u8() % (kMostOps + 1); i > 0 && !reader.at_end(); --i)
    draw_op(schema, reader, program);
  const std::vector<machine::PointId> points = listed_points(schema);
  const bool has_ops = std::any_of(program.lanes.begin(), program.lanes.end(),
                                   [](const LaneOps& lane) { return !lane.ops.empty(); });
  for (unsigned i = reader.u8() % (kMostDecisions + 1); i > 0 && has_ops && !reader.at_end(); --i)
    read_decision(schema, points, reader, program);
  for (unsigned i = reader.u8() % (kMostParams + 1); i > 0 && !reader.at_end(); --i)
    draw_param(schema, reader, program);
  program.walk.rate = 1u + reader.u8();
  const auto rest = reader.rest().first(std::min<std::size_t>(reader.left(), kMaxWalkBytes));
  program.walk.source = Walk::Source::bytes;
  program.walk.bytes.assign(rest.begin(), rest.end());
  return program;
}

}  // namespace anyctx::program
