// KernelSchema: what programs for kernel sources may contain: what those for ours may, but for what
// the sources lack; by which contract they are judged; and decisions at accesses to memory.
#pragma once

#include <vector>

#include "fuzzers/kernel/contract.h"
#include "fuzzers/ops/program.h"
#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// What programs for ours may contain, and those for kernel sources may not; and what else there is
/// to say of these.
struct KernelLacks {
  /// A parameter that has one value.
  struct Fixed {
    std::string_view name;
    std::uint32_t value;
  };
  std::span<const Fixed> params = {};
  std::span<const std::string_view> ops = {};
  /// Operations that only tasks may call.
  std::span<const std::string_view> handler_ops = {};
  /// A layer of ours that the sources stand in for: of its sites ("slab.size") there are those that
  /// stubs visit. The others are not listed, and no decision is tried there.
  struct Layer {
    std::string_view name;
    std::span<const std::string_view> sites = {};
  };
  std::span<const Layer> layers = {};
  /// The sources take resilient spinlocks: those of the kernel can be behind them.
  bool takes_locks = false;
};

class KernelSchema {
 public:
  explicit KernelSchema(const program::Schema& ours, const KernelLacks& lacks = {});
  KernelSchema(const KernelSchema&) = delete;
  KernelSchema& operator=(const KernelSchema&) = delete;

  const program::Schema& schema() const { return schema_; }
  KernelContract contract(const program::Program& program) const;

 private:
  std::vector<program::ParamSpec> params_;
  std::vector<program::OpSpec> ops_;
  std::vector<std::vector<machine::SiteInfo>> tables_;
  std::vector<std::span<const machine::SiteInfo>> sites_;
  program::Schema schema_;
};

}  // namespace anyctx::target
