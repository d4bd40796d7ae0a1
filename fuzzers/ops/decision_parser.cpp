#include "fuzzers/ops/decision_parser.h"

#include <fmt/format.h>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/suggest.h"

namespace anyctx::program {
namespace {

using inject::Action;
using inject::ActionKind;

bool parse_where(LineCursor& line, inject::OpRef& where) {
  if (!parse_lane(line, where.lane)) return false;
  if (line.eat('/') && !line.number_in("the entry", 0, 65535, where.entry)) return false;
  if (!line.expect('.', "'.' and the number of an operation")) return false;
  return line.number_in("the operation", 0, 255, where.op);
}

bool parse_point(const Schema& schema, LineCursor& line, machine::PointId& point) {
  const std::string_view name = line.dotted_word();
  if (name.empty()) return line.expected("a point");
  if (const auto found = find_point(schema, name)) {
    point = *found;
    return true;
  }
  Suggestion suggestion(name);
  for (const machine::PointId listed : listed_points(schema))
    suggestion.offer(point_name(schema, listed));
  return line.fail(
      fmt::format("{}: no such point of target {}{}", name, schema.target, suggestion.clause()));
}

bool parse_cpu(LineCursor& line, std::uint8_t& cpu) {
  const std::string_view word = line.word();
  LineCursor digits(word.starts_with("cpu") ? word.substr(3) : std::string_view());
  const auto number = digits.number();
  if (!number || !digits.at_end() || *number > 255)
    return line.fail("expected a cpu: cpu0, cpu1, ...");
  cpu = static_cast<std::uint8_t>(*number);
  return true;
}

bool no_such_action(LineCursor& line, std::string_view word) {
  Suggestion suggestion(word);
  for (const std::string_view name : {"fail", "run", "migrate", "stall", "delay"})
    suggestion.offer(name);
  return line.fail(fmt::format("{}: no such action or handler{}", word, suggestion.clause()));
}

bool parse_action(LineCursor& line, Action& action) {
  const std::string_view word = line.word();
  if (word.empty()) return line.expected("an action");
  if (word == "fail") {
    action.kind = ActionKind::fail;
    if (line.at_end()) return true;
    if (line.word() != "sticky") return line.fail("expected 'sticky' or the end of the line");
    action.kind = ActionKind::fail_sticky;
    return true;
  }
  if (word == "run") {
    action.kind = ActionKind::run;
    return parse_lane(line, action.lane);
  }
  if (word == "migrate") {
    action.kind = ActionKind::migrate;
    return parse_cpu(line, action.value);
  }
  if (word == "stall") {
    action.kind = ActionKind::stall;
    return true;
  }
  if (word == "delay") {
    action.kind = ActionKind::delay;
    return line.number_in("the delay", 0, 255, action.value);
  }
  const auto lane = lane_of_name(word);
  if (!lane) return no_such_action(line, word);
  action.kind = ActionKind::enter;
  action.lane = *lane;
  return true;
}

}  // namespace

bool parse_lane(LineCursor& line, inject::Lane& lane) {
  const std::string_view word = line.word();
  if (word.empty()) return line.expected("a lane");
  const auto found = lane_of_name(word);
  if (!found)
    return line.fail(fmt::format(
        "{}: no such lane; lanes are task0, nmi0, irq0, softirq0, reentry0 and so on", word));
  lane = *found;
  return true;
}

bool parse_decision(const Schema& schema, LineCursor& line, ReadDecision& read) {
  inject::Decision& decision = read.decision;
  read.place_column = line.column();
  if (!parse_where(line, decision.where)) return false;
  if (!parse_point(schema, line, decision.point)) return false;
  if (!line.expect('#', "'#' and the occurrence, right behind the point")) return false;
  if (!line.number_in("the occurrence", 1, 65535, decision.occurrence)) return false;
  if (!line.expect(':', "':'")) return false;
  read.action_column = line.column();
  if (!parse_action(line, decision.action)) return false;
  return line.at_end() || line.expected("the end of the line");
}

}  // namespace anyctx::program
