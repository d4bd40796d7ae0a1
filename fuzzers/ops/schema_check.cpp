#include "fuzzers/ops/schema_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/program.h"
#include "fuzzers/ops/rules.h"

namespace anyctx::program {
namespace {

bool is_word(std::string_view name) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), legal);
}

bool is_identifier(std::string_view name) {
  return is_word(name) && !(name[0] >= '0' && name[0] <= '9');
}

/// Remembers names of one kind and says what is wrong with the next one.
class Names {
 public:
  /// Values of parameters stand behind their name: they may begin with a digit.
  explicit Names(std::string_view kind, bool (*is_legal)(std::string_view) = is_identifier)
      : kind_(kind), is_legal_(is_legal) {}
  std::string problem(std::string_view name) {
    if (!is_legal_(name)) return fmt::format("{} '{}' is not a lower-case word", kind_, name);
    if (!seen_.insert(name).second) return fmt::format("{} '{}' is there twice", kind_, name);
    return {};
  }

 private:
  std::string_view kind_;
  bool (*is_legal_)(std::string_view);
  std::set<std::string_view> seen_;
};

std::string param_problem(const ParamSpec& spec) {
  const bool in_order = spec.min <= spec.fallback && spec.fallback <= spec.max;
  if (!in_order) return fmt::format("parameter {}: min <= fallback <= max fails", spec.name);
  if (spec.words.empty()) return {};
  if (spec.words.size() != bounds(spec).size())
    return fmt::format("parameter {}: needs one word per value", spec.name);
  Names words("word", is_word);
  for (const std::string_view word : spec.words)
    if (std::string problem = words.problem(word); !problem.empty())
      return fmt::format("parameter {}: {}", spec.name, problem);
  return {};
}

std::string arg_problem(const ArgSpec& spec) {
  if (spec.kind == ArgKind::flags && spec.words.size() > 32) return "more than 32 flags";
  if (spec.kind == ArgKind::index && spec.words.size() != 1) return "an index needs one word";
  const Bounds range = bounds(spec);
  if (range.min > range.max) return "min <= max fails";
  if (spec.optional && !range.contain(spec.fallback)) return "the fallback is out of range";
  for (const std::uint32_t value : spec.values)
    if (spec.kind != ArgKind::slot && !range.contain(value))
      return fmt::format("value {} is out of range", value);
  if (spec.kind == ArgKind::choice && spec.values.empty()) return "a choice needs values";
  Names words("word");
  for (const std::string_view word : spec.words)
    if (std::string problem = words.problem(word); !problem.empty()) return problem;
  return {};
}

std::string op_problem(const OpSpec& spec) {
  if ((spec.lanes & kAnyContext) == 0) return "legal in no lane";
  if (spec.args.size() > kMaxArgs) return fmt::format("more than {} arguments", kMaxArgs);
  Names names("argument");
  bool optional = false;
  for (const ArgSpec& arg : spec.args) {
    if (std::string problem = names.problem(arg.name); !problem.empty()) return problem;
    if (optional && !arg.optional) return fmt::format("{} follows an optional argument", arg.name);
    optional = arg.optional;
    if (std::string problem = arg_problem(arg); !problem.empty())
      return fmt::format("argument {}: {}", arg.name, problem);
  }
  if (spec.nolock != (spec.most_steps != 0))
    return "a bound of own steps is what nolock operations need, and only they";
  return {};
}

std::string site_problem(const Schema& schema) {
  std::set<unsigned> ids;
  std::set<std::string_view> names;
  for (const auto& table : schema.sites) {
    for (const machine::SiteInfo& info : table) {
      if (info.site == machine::site_op) continue;
      if (!ids.insert(info.site.id).second)
        return fmt::format("site id {} is there twice", info.site.id);
      if (!names.insert(info.name).second) return fmt::format("site {} is there twice", info.name);
    }
  }
  return {};
}

}  // namespace

std::string schema_problem(const Schema& schema) {
  if (!is_identifier(schema.target)) return "the target's name is not a lower-case word";
  if (schema.params.size() > kMaxParams) return fmt::format("more than {} parameters", kMaxParams);
  if (schema.ops.empty() || schema.ops.size() > 256) return "needs 1 to 256 operations";
  Names params("parameter");
  for (const ParamSpec& spec : schema.params) {
    if (std::string problem = params.problem(spec.name); !problem.empty()) return problem;
    if (spec.name == "target") return "parameter target: the word has another meaning";
    if (std::string problem = param_problem(spec); !problem.empty()) return problem;
  }
  Names ops("operation");
  for (const OpSpec& spec : schema.ops) {
    if (std::string problem = ops.problem(spec.name); !problem.empty()) return problem;
    if (std::string problem = op_problem(spec); !problem.empty())
      return fmt::format("operation {}: {}", spec.name, problem);
  }
  return site_problem(schema);
}

}  // namespace anyctx::program
