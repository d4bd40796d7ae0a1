// The parser of whole programs: lines and their order. Operations and decisions have parsers of
// their own (op_parser.h, decision_parser.h).

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/ops/decision_parser.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/op_parser.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/rules.h"
#include "fuzzers/ops/suggest.h"
#include "fuzzers/ops/text.h"

namespace anyctx::program {
namespace {

/// Calls `visit(line)` for each line until it returns false.
template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (!visit(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

class Parser {
 public:
  explicit Parser(const Schema& schema) : schema_(schema), program_(empty_program(schema)) {
    program_.lanes.clear();
  }

  ParsedText parse(std::string_view text) {
    for_each_line(text, [&](std::string_view content) {
      ++line_number_;
      LineCursor line(content);
      if (line.at_end() || parse_line(line)) return true;
      error_ = {line_number_, line.error_column(), line.error()};
      return false;
    });
    if (error_.message.empty() && !has_header_)
      error_ = {std::max(line_number_, 1u), 1, "not a program: it begins 'anyctx 1 target=...'"};
    if (error_.message.empty()) add_decisions();
    if (!error_.message.empty()) return {std::nullopt, error_};
    normalize(schema_, program_);
    return {std::move(program_), {}};
  }

 private:
  bool parse_line(LineCursor& line) {
    if (!has_header_) return parse_header(line);
    LineCursor ahead = line;
    const std::string_view first = ahead.word();
    const char next = ahead.peek();
    if (next == ':') return parse_lane_line(line);
    if (next == '(' || next == '=') return parse_op_line(line);
    if (first == "at") {
      line.word();
      return parse_decision_line(line);
    }
    if (first == "walk") {
      line.word();
      return parse_walk(line);
    }
    if (first.empty()) return line.expected("a lane, an operation, 'walk' or 'at'");
    line.word();
    return line.fail(fmt::format("{}: expected a lane, an operation, 'walk' or 'at'", first));
  }

  bool parse_header(LineCursor& line) {
    has_header_ = true;
    if (line.word() != "anyctx") return line.fail("not a program: it begins 'anyctx 1 target=...'");
    const auto version = line.number();
    if (!version) return line.expected("the version, a number");
    if (*version > kTextVersion)
      return line.fail(
          fmt::format("written by a newer anyctx: text version {}, this one reads up to {}",
                      *version, kTextVersion));
    if (*version == 0) return line.fail("there is no version 0");
    bool has_target = false;
    while (!line.at_end()) {
      const unsigned start = line.column();
      const std::string_view name = line.word();
      if (name.empty()) return line.expected("a parameter");
      if (!line.expect('=', "'=' and a value")) return false;
      if (name == "target") {
        if (line.word() != schema_.target)
          return line.fail(fmt::format("this program is not for target {}", schema_.target));
        has_target = true;
      } else if (!parse_param(line, start, name)) {
        return false;
      }
    }
    return has_target || line.fail_at(line.column(), "the target is missing: target=NAME");
  }

  bool parse_param(LineCursor& line, unsigned start, std::string_view name) {
    Suggestion suggestion(name);
    for (std::size_t i = 0; i < schema_.params.size(); ++i) {
      const ParamSpec& spec = schema_.params[i];
      if (spec.name != name) {
        suggestion.offer(spec.name);
        continue;
      }
      if ((params_given_ >> i & 1u) != 0)
        return line.fail_at(start, fmt::format("{} is given twice", name));
      params_given_ |= 1u << i;
      return parse_param_value(spec, line, program_.params[i]);
    }
    return line.fail_at(start, fmt::format("{}: no such parameter of target {}{}", name,
                                           schema_.target, suggestion.clause()));
  }

  bool parse_param_value(const ParamSpec& spec, LineCursor& line, std::uint32_t& value) {
    if (spec.words.empty()) return line.number_in(spec.name, spec.min, spec.max, value);
    const std::string_view word = line.word();
    const auto found = std::find(spec.words.begin(), spec.words.end(), word);
    if (found == spec.words.end())
      return line.fail(fmt::format("{} must be one of {}, not '{}'", spec.name,
                                   fmt::join(spec.words, ", "), word));
    value = spec.min + static_cast<std::uint32_t>(found - spec.words.begin());
    return true;
  }

  bool parse_lane_line(LineCursor& line) {
    inject::Lane lane;
    if (!parse_lane(line, lane)) return false;
    const unsigned most = max_lanes(lane.kind);
    if (lane.index >= most)
      return line.fail(most == 0 ? fmt::format("{} has no operations of its own", lane_name(lane))
                                 : fmt::format("there are at most {} lanes of this kind", most));
    if (find_lane(program_, lane) != nullptr)
      return line.fail(fmt::format("{} is there already", lane_name(lane)));
    ensure_lane(program_, lane);
    lane_ = lane;
    line.expect(':', "':'");
    return line.at_end() || parse_op_line(line);
  }

  bool parse_op_line(LineCursor& line) {
    if (!lane_) return line.fail_at(line.column(), "an operation needs a lane before it: 'task0:'");
    std::vector<Op>& ops = find_lane(program_, *lane_)->ops;
    if (ops.size() == kMaxOpsPerLane)
      return line.fail_at(line.column(),
                          fmt::format("a lane has at most {} operations", kMaxOpsPerLane));
    Op op;
    if (!parse_op(schema_, lane_->kind, line, op)) return false;
    ops.push_back(op);
    return true;
  }

  bool parse_walk(LineCursor& line) {
    Walk& walk = program_.walk;
    if (has_walk_) return line.fail("walk is there already");
    has_walk_ = true;
    while (!line.at_end()) {
      const std::string_view name = line.word();
      if (name != "rate" && name != "seed" && name != "bytes")
        return line.fail("walk has rate=, seed= and bytes=");
      if (!line.expect('=', "'='")) return false;
      if (name == "rate") {
        if (!line.number_in("rate", 1, 65535, walk.rate)) return false;
        continue;
      }
      if (walk.source != Walk::Source::none)
        return line.fail("walk has one seed or one row of bytes");
      walk.source = name == "seed" ? Walk::Source::seed : Walk::Source::bytes;
      const bool parsed = name == "seed" ? line.number_in("seed", 0, ~std::uint64_t{0}, walk.seed)
                                         : parse_bytes(line, walk.bytes);
      if (!parsed) return false;
    }
    return walk.source != Walk::Source::none ||
           line.fail_at(line.column(), "walk needs seed=NUMBER or bytes=HEX");
  }

  bool parse_bytes(LineCursor& line, std::vector<std::uint8_t>& bytes) {
    const std::string_view digits = line.word();
    if (digits.empty() || digits.size() % 2 != 0)
      return line.fail("bytes must be pairs of hexadecimal digits");
    if (digits.size() / 2 > kMaxWalkBytes)
      return line.fail(fmt::format("a walk has at most {} bytes", kMaxWalkBytes));
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      const int high = hex_digit(digits[i]);
      const int low = hex_digit(digits[i + 1]);
      if (high < 0 || low < 0) return line.fail("bytes must be pairs of hexadecimal digits");
      bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return true;
  }

  bool parse_decision_line(LineCursor& line) {
    if (read_.size() == kMaxDecisions)
      return line.fail(fmt::format("a program has at most {} decisions", kMaxDecisions));
    ReadDecision read;
    read.line = line_number_;
    if (!parse_decision(schema_, line, read)) return false;
    read_.push_back(read);
    return true;
  }

  /// Compares the decisions with the program, once all lanes are known.
  void add_decisions() {
    std::erase_if(program_.lanes, [](const LaneOps& lane) {
      return is_handler(lane.lane.kind) && lane.ops.empty();
    });
    for (const ReadDecision& read : read_) {
      const inject::Decision& decision = read.decision;
      if (const auto problem = place_problem(schema_, program_, decision); !problem.empty()) {
        error_ = {read.line, read.place_column,
                  fmt::format("{}: {}", to_text(decision.where), problem)};
        return;
      }
      if (const auto problem = action_problem(schema_, program_, decision); !problem.empty()) {
        error_ = {read.line, read.action_column,
                  fmt::format("{}: {}", to_text(decision.action), problem)};
        return;
      }
      program_.decisions.push_back(decision);
    }
  }

  const Schema& schema_;
  Program program_;
  TextError error_;
  unsigned line_number_ = 0;
  bool has_header_ = false;
  bool has_walk_ = false;
  std::uint32_t params_given_ = 0;
  std::optional<inject::Lane> lane_;
  std::vector<ReadDecision> read_;
};

}  // namespace

std::string to_string(const TextError& error) {
  return fmt::format("line {}: {}", error.line, error.message);
}

ParsedText parse_text(const Schema& schema, std::string_view text) {
  return Parser(schema).parse(text);
}

}  // namespace anyctx::program
