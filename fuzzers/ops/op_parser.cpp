#include "fuzzers/ops/op_parser.h"

#include <fmt/format.h>

#include "fuzzers/ops/arg_text.h"
#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/rules.h"
#include "fuzzers/ops/suggest.h"

namespace anyctx::program {
namespace {

bool is_slot(std::string_view word) {
  return word.size() == 1 && word[0] >= 'a' && word[0] <= 'z';
}

std::uint32_t slot_of(std::string_view word) {
  return static_cast<std::uint32_t>(word[0] - 'a');
}

bool add_flag(const ArgSpec& spec, std::string_view word, LineCursor& line, std::uint32_t& value) {
  Suggestion suggestion(word);
  for (std::size_t bit = 0; bit < spec.words.size(); ++bit) {
    if (spec.words[bit] == word) {
      value |= 1u << bit;
      return true;
    }
    suggestion.offer(spec.words[bit]);
  }
  return line.fail(fmt::format("{}: no such flag of {}{}", word, spec.name, suggestion.clause()));
}

/// "zero|account"; `first` is read already.
bool parse_flags_from(const ArgSpec& spec, std::string_view first, LineCursor& line,
                      std::uint32_t& value) {
  value = 0;
  if (first == "0") return true;
  std::string_view word = first;
  while (!word.empty()) {
    if (!add_flag(spec, word, line, value)) return false;
    if (!line.eat('|')) return true;
    word = line.word();
  }
  return line.expected(fmt::format("a flag of {}", spec.name));
}

bool parse_index(const ArgSpec& spec, LineCursor& line, std::uint32_t& value) {
  const unsigned start = line.column();
  const std::string_view word = line.word();
  const std::string_view prefix = spec.words[0];
  LineCursor digits(word.starts_with(prefix) ? word.substr(prefix.size()) : std::string_view());
  const auto number = digits.number();
  if (!number || !digits.at_end())
    return line.fail_at(start, fmt::format("{} looks like {}{}", spec.name, prefix, spec.min));
  if (*number < spec.min || *number > spec.max)
    return line.fail_at(start, fmt::format("{} must be {}{} to {}{}, not {}", spec.name, prefix,
                                           spec.min, prefix, spec.max, word));
  value = static_cast<std::uint32_t>(*number);
  return true;
}

bool parse_value(const ArgSpec& spec, LineCursor& line, std::uint32_t& value) {
  switch (spec.kind) {
    case ArgKind::number:
    case ArgKind::choice:
      return line.number_in(spec.name, spec.min, spec.max, value);
    case ArgKind::flags:
      return parse_flags_from(spec, line.word(), line, value);
    case ArgKind::slot: {
      if (line.at_end()) return line.expected(fmt::format("{}, a slot a to z", spec.name));
      const std::string_view word = line.word();
      if (!is_slot(word)) return line.fail(fmt::format("{} must be a slot, a to z", spec.name));
      value = slot_of(word);
      return true;
    }
    case ArgKind::index:
      return parse_index(spec, line, value);
  }
  return false;
}

/// The arguments of one call; remembers which were given.
class ArgList {
 public:
  ArgList(const OpSpec& spec, LineCursor& line, Op& op) : spec_(spec), line_(line), op_(op) {}

  bool parse() {
    for (std::size_t i = 0; i < spec_.args.size(); ++i) op_.args[i] = spec_.args[i].fallback;
    if (!line_.expect('(', "'('")) return false;
    if (!parse_required()) return false;
    while (line_.peek() != ')') {
      if (count_ != 0 && !line_.expect(',', "',' or ')'")) return false;
      if (!parse_optional()) return false;
    }
    return line_.eat(')');
  }

 private:
  bool parse_required() {
    for (const ArgSpec& arg : spec_.args) {
      if (arg.optional) break;
      if (line_.peek() == ')')
        return line_.fail_at(line_.column(),
                             fmt::format("{}: the argument {} is missing", spec_.name, arg.name));
      if (count_ != 0 && !line_.expect(',', "','")) return false;
      if (!parse_value(arg, line_, op_.args[count_])) return false;
      ++count_;
    }
    return true;
  }

  /// "name=value", or the flags that need no name.
  bool parse_optional() {
    const unsigned start = line_.column();
    const std::string_view word = line_.word();
    if (word.empty()) return line_.expected("an argument");
    ++count_;
    if (!line_.eat('=')) return parse_bare(start, word);
    for (std::size_t i = 0; i < spec_.args.size(); ++i) {
      if (!spec_.args[i].optional || spec_.args[i].name != word) continue;
      return give(start, i) && parse_value(spec_.args[i], line_, op_.args[i]);
    }
    return no_such_argument(start, word);
  }

  bool parse_bare(unsigned start, std::string_view word) {
    const std::size_t flags = bare_flags(spec_);
    if (flags == kMaxArgs) return no_such_argument(start, word);
    return give(start, flags) && parse_flags_from(spec_.args[flags], word, line_, op_.args[flags]);
  }

  bool give(unsigned start, std::size_t index) {
    if ((given_ >> index & 1u) != 0)
      return line_.fail_at(start, fmt::format("{} is given twice", spec_.args[index].name));
    given_ |= 1u << index;
    return true;
  }

  bool no_such_argument(unsigned start, std::string_view word) {
    Suggestion suggestion(word);
    for (const ArgSpec& arg : spec_.args)
      if (arg.optional) suggestion.offer(arg.name);
    return line_.fail_at(start, fmt::format("{}: no such optional argument of {}{}", word,
                                            spec_.name, suggestion.clause()));
  }

  const OpSpec& spec_;
  LineCursor& line_;
  Op& op_;
  unsigned count_ = 0;
  unsigned given_ = 0;
};

bool find_op(const Schema& schema, std::string_view name, LineCursor& line, Op& op) {
  Suggestion suggestion(name);
  for (std::size_t i = 0; i < schema.ops.size(); ++i) {
    if (schema.ops[i].name == name) {
      op.code = static_cast<std::uint8_t>(i);
      return true;
    }
    suggestion.offer(schema.ops[i].name);
  }
  return line.fail(fmt::format("{}: no such operation of target {}{}", name, schema.target,
                               suggestion.clause()));
}

}  // namespace

bool parse_op(const Schema& schema, inject::LaneKind kind, LineCursor& line, Op& op) {
  const unsigned start = line.column();
  std::string_view name = line.word();
  if (name.empty()) return line.expected("an operation");
  const bool assigned = line.eat('=');
  if (assigned) {
    if (!is_slot(name)) return line.fail("results go to slots a to z");
    op.result = static_cast<std::uint8_t>(slot_of(name));
    name = line.word();
    if (name.empty()) return line.expected("an operation");
  }
  if (!find_op(schema, name, line, op)) return false;
  const OpSpec& spec = schema.ops[op.code];
  if (spec.lanes == kNoLane)
    return line.fail(fmt::format("{} is not there in this subject of {}", name, schema.target));
  if (!legal_in(spec, kind))
    return line.fail(fmt::format("{} is not allowed in {} lanes", name,
                                 kLaneNames[static_cast<unsigned>(kind)]));
  if (assigned && !spec.has_result)
    return line.fail_at(start, fmt::format("{} has no result", name));
  if (!assigned && spec.has_result)
    return line.fail(fmt::format("{} has a result: write 'a = {}(...)'", name, name));
  if (!ArgList(spec, line, op).parse()) return false;
  return line.at_end() || line.expected("the end of the line");
}

}  // namespace anyctx::program
