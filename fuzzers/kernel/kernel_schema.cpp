#include "fuzzers/kernel/kernel_schema.h"

#include "fuzzers/engine/target.h"
#include "fuzzers/targets/param_words.h"
#include "inject/kernel/sites.h"

namespace anyctx::target {

namespace {

constexpr std::string_view kKnown[] = {"reported", "passed"};

}  // namespace

KernelSchema::KernelSchema(const program::Schema& ours)
    : params_(ours.params.begin(), ours.params.end()),
      sites_(ours.sites.begin(), ours.sites.end()),
      schema_(ours) {
  // Sources are compiled for one kind of machine.
  for (program::ParamSpec& param : params_) {
    if (param.name != "page_size" && param.name != "rt") continue;
    param = {param.name, 0, 0, 0, param.words.first(1)};
  }
  params_.push_back({"strict", 0, 1, 0, kNoYes});
  params_.push_back({"known", 0, 1, 0, kKnown});
  sites_.emplace_back(inject::kernel_site::kTable);
  schema_.params = params_;
  schema_.sites = sites_;
}

KernelContract KernelSchema::contract(const program::Program& program) const {
  return {.strict = engine::param(schema_, program, "strict") != 0,
          .passes_known = engine::param(schema_, program, "known") != 0};
}

}  // namespace anyctx::target
