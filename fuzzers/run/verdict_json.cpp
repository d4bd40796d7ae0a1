#include "fuzzers/run/verdict_json.h"

#include <nlohmann/json.hpp>

#include "fuzzers/ops/lanes.h"
#include "fuzzers/ops/points.h"
#include "fuzzers/ops/text.h"

namespace anyctx::run {
namespace {

using nlohmann::json;
using program::ArgSpec;
using program::OpSpec;
using program::ParamSpec;
using program::Program;
using program::Schema;

/// The name of the operation that a verdict is about; empty outside of operations.
std::string_view operation(const Schema& schema, const Program& program,
                           const inject::Verdict& verdict) {
  if (!verdict.in_op) return {};
  const program::LaneOps* lane = program::find_lane(program, verdict.where.lane);
  if (lane == nullptr || verdict.where.op >= lane->ops.size()) return {};
  return schema.ops[lane->ops[verdict.where.op].code].name;
}

json words_of(std::span<const std::string_view> words) {
  json list = json::array();
  for (const std::string_view word : words) list.push_back(word);
  return list;
}

json describe(const ParamSpec& param) {
  return {{"name", param.name},
          {"min", param.min},
          {"max", param.max},
          {"fallback", param.fallback},
          {"words", words_of(param.words)}};
}

json describe(const ArgSpec& arg) {
  json values = json::array();
  for (const std::uint32_t value : arg.values) values.push_back(value);
  return {{"name", arg.name},         {"kind", static_cast<unsigned>(arg.kind)},
          {"min", arg.min},           {"max", arg.max},
          {"values", values},         {"words", words_of(arg.words)},
          {"optional", arg.optional}, {"fallback", arg.fallback}};
}

json describe(const OpSpec& op) {
  json args = json::array();
  for (const ArgSpec& arg : op.args) args.push_back(describe(arg));
  return {{"name", op.name},
          {"lanes", op.lanes},
          {"nolock", op.nolock},
          {"has_result", op.has_result},
          {"args", std::move(args)}};
}

json describe(const machine::SiteInfo& site) {
  return {{"site", site.site.id},
          {"kind", static_cast<unsigned>(site.kind)},
          {"name", site.name},
          {"verbs", site.verbs},
          {"what", site.what}};
}

}  // namespace

json to_json(const Schema& schema, const Program& program, const inject::Verdict& verdict) {
  return {{"kind", to_string(verdict.kind)},
          {"rule", verdict.rule},
          {"expected", verdict.expected},
          {"found", verdict.found},
          {"where", verdict.in_op ? program::to_text(verdict.where) : std::string()},
          {"operation", operation(schema, program, verdict)},
          {"cpu", verdict.cpu},
          {"context", machine::to_string(verdict.context)},
          {"point", program::point_name(schema, verdict.point)}};
}

json to_json(const Schema& schema) {
  json params = json::array();
  json ops = json::array();
  json sites = json::array();
  for (const ParamSpec& param : schema.params) params.push_back(describe(param));
  for (const OpSpec& op : schema.ops) ops.push_back(describe(op));
  for (const auto& table : schema.sites) {
    for (const machine::SiteInfo& site : table) sites.push_back(describe(site));
  }
  return {{"target", schema.target},
          {"id", schema.id},
          {"params", std::move(params)},
          {"ops", std::move(ops)},
          {"sites", std::move(sites)}};
}

}  // namespace anyctx::run
