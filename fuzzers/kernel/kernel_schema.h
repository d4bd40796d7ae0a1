// KernelSchema: what programs for kernel sources may contain: everything that those for ours may,
// by which contract they are judged, and decisions at accesses to memory.
#pragma once

#include <vector>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/ops/program.h"
#include "fuzzers/ops/schema.h"

namespace anyctx::target {

class KernelSchema {
 public:
  explicit KernelSchema(const program::Schema& ours);
  KernelSchema(const KernelSchema&) = delete;
  KernelSchema& operator=(const KernelSchema&) = delete;

  const program::Schema& schema() const { return schema_; }
  KernelContract contract(const program::Program& program) const;

 private:
  std::vector<program::ParamSpec> params_;
  std::vector<std::span<const machine::SiteInfo>> sites_;
  program::Schema schema_;
};

}  // namespace anyctx::target
