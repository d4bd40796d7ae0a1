#include "fuzzers/kernel/kernel_schema.h"

#include <algorithm>

#include "fuzzers/engine/target.h"
#include "fuzzers/targets/param_words.h"
#include "inject/kernel/sites.h"

namespace anyctx::target {

namespace {

constexpr std::string_view kKnown[] = {"reported", "passed"};
constexpr std::string_view kAgainst[] = {"none", "ours"};
constexpr std::string_view kLock[] = {"ours", "kernel"};

// Sources are compiled for one kind of machine.
constexpr KernelLacks::Fixed kMachine[] = {{"page_size", 0}, {"rt", 0}};

void fix(std::span<const KernelLacks::Fixed> values, std::vector<program::ParamSpec>& params) {
  for (program::ParamSpec& param : params) {
    for (const auto& [name, value] : values) {
      if (param.name != name) continue;
      const std::size_t word = value - param.min;
      param = {name, value, value, value,
               param.words.empty() ? param.words : param.words.subspan(word, 1)};
    }
  }
}

bool has_site(std::span<const KernelLacks::Layer> layers, std::string_view site) {
  const std::size_t dot = site.find('.');
  for (const auto& [name, sites] : layers) {
    if (name == site.substr(0, dot))
      return std::ranges::find(sites, site.substr(dot + 1)) != sites.end();
  }
  return true;
}

}  // namespace

KernelSchema::KernelSchema(const program::Schema& ours, const KernelLacks& lacks)
    : params_(ours.params.begin(), ours.params.end()),
      ops_(ours.ops.begin(), ours.ops.end()),
      schema_(ours) {
  fix(kMachine, params_);
  fix(lacks.params, params_);
  const auto is_in = [](std::span<const std::string_view> names, const program::OpSpec& op) {
    return std::ranges::find(names, op.name) != names.end();
  };
  for (program::OpSpec& op : ops_) {
    if (is_in(lacks.ops, op)) op.lanes = program::kNoLane;
    if (is_in(lacks.handler_ops, op)) op.lanes = program::kTaskOnly;
  }
  for (const std::span<const machine::SiteInfo> table : ours.sites) {
    std::vector<machine::SiteInfo>& own = tables_.emplace_back(table.begin(), table.end());
    for (machine::SiteInfo& info : own) {
      if (!has_site(lacks.layers, info.name)) info.verbs = 0;
    }
  }
  sites_.assign(tables_.begin(), tables_.end());
  params_.push_back({"strict", 0, 1, 0, kNoYes});
  params_.push_back({"known", 0, 1, 0, kKnown});
  params_.push_back({"against", 0, 1, 0, kAgainst});
  if (lacks.takes_locks) params_.push_back({"lock", 0, 1, 0, kLock});
  sites_.emplace_back(inject::kernel_site::kTable);
  schema_.params = params_;
  schema_.ops = ops_;
  schema_.sites = sites_;
}

KernelContract KernelSchema::contract(const program::Program& program) const {
  const bool takes_locks = params_.back().name == "lock";
  return {.strict = engine::param(schema_, program, "strict") != 0,
          .passes_known = engine::param(schema_, program, "known") != 0,
          .has_kernel_locks = takes_locks && engine::param(schema_, program, "lock") != 0};
}

}  // namespace anyctx::target
