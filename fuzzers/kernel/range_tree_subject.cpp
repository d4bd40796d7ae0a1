#include "fuzzers/kernel/range_tree_subject.h"

#include <cerrno>
#include <vector>

#include "fuzzers/kernel/node_site.h"
#include "fuzzers/kernel/provider.h"
#include "fuzzers/kernel/range_tree.h"
#include "fuzzers/targets/range_tree_stage.h"
#include "inject/kernel/boundary.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::Sim;

/// Nodes for the kernel's tree. That there are none is decided at the sites of our tree.
class NodeProvider final : public KernelProvider {
 public:
  explicit NodeProvider(CountedNodes& nodes) : nodes_(nodes) {}

  void* allocate(std::size_t bytes, std::string_view caller) override {
    return Sim::fails(node_site(caller), false) ? nullptr : nodes_.allocate(bytes);
  }
  void release(void* object) override { nodes_.release(object); }

 private:
  CountedNodes& nodes_;
};

class KernelRangeTreeSubject final : public RangeTreeSubject, private RangeTreeInspector {
 public:
  KernelRangeTreeSubject(inject::Simulation& simulation, const KernelContract& contract)
      : contract_(contract),
        stage_(simulation, anyctx_range_node_bytes()),
        provider_(stage_.nodes()),
        storage_((anyctx_range_tree_bytes() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t)) {}

  void reset(const RangeTreeOptions& options) override {
    stage_.reset(options);
    provider_.set_current();
  }
  const RangeTreeInspector& inspector() const override { return *this; }
  RangeTreeStrictness strictness() const override;

  int raw_res_spin_lock_irqsave(machine::IrqState& flags) override {
    return stage_.lock_irqsave(flags);
  }
  void raw_res_spin_unlock_irqrestore(machine::IrqState flags) override {
    stage_.unlock_irqrestore(flags);
  }

  void range_tree_init(std::uint64_t limit) override {
    limit_ = limit;
    const KernelCode inside;
    anyctx_range_tree_init(tree());
  }
  void range_tree_destroy() override {
    const KernelCode inside;
    anyctx_range_tree_destroy(tree());
  }
  int range_tree_set(std::uint64_t start, std::uint64_t length) override {
    if (!is_valid(start, length)) return -EINVAL;
    const KernelCode inside;
    return anyctx_range_tree_set(tree(), word(start), word(length));
  }
  int range_tree_clear(std::uint64_t start, std::uint64_t length) override {
    if (!is_valid(start, length)) return -EINVAL;
    const KernelCode inside;
    return anyctx_range_tree_clear(tree(), word(start), word(length));
  }
  int is_range_tree_set(std::uint64_t start, std::uint64_t length) override {
    if (!is_valid(start, length)) return -EINVAL;
    const KernelCode inside;
    return anyctx_is_range_tree_set(tree(), word(start), word(length));
  }
  std::int64_t range_tree_find(std::uint64_t length) override {
    if (length == 0) return -EINVAL;
    if (length > limit_) return -ENOENT;
    const KernelCode inside;
    return anyctx_range_tree_find(tree(), word(length));
  }

  void* kmalloc_nolock() override { return stage_.kmalloc_nolock(); }
  void kfree_nolock(void* object) override { stage_.kfree_nolock(object); }
  void* alloc_pages_nolock() override { return stage_.alloc_pages_nolock(); }
  void free_pages_nolock(void* page) override { stage_.free_pages_nolock(page); }
  std::int64_t settle() override { return stage_.settle(); }

 private:
  static std::uint32_t word(std::uint64_t number) { return static_cast<std::uint32_t>(number); }
  range_tree* tree() const {
    return reinterpret_cast<range_tree*>(const_cast<std::uint64_t*>(storage_.data()));
  }
  /// The kernel's tree looks at nothing of that: its callers do.
  bool is_valid(std::uint64_t start, std::uint64_t length) const {
    return length != 0 && length <= limit_ && start <= limit_ - length;
  }

  void list_runs(std::vector<model::Run>& runs) const override;
  std::string_view audit() const override {
    const char* const wrong = anyctx_range_tree_audit(tree());
    return wrong == nullptr ? std::string_view() : wrong;
  }
  std::int64_t nodes() const override { return stage_.nodes().count(); }
  bool has_room() const override { return stage_.has_room(); }

  const KernelContract& contract_;
  RangeTreeStage stage_;
  NodeProvider provider_;
  std::vector<std::uint64_t> storage_;  // of the tree
  std::uint64_t limit_ = 0;
};

RangeTreeStrictness KernelRangeTreeSubject::strictness() const {
  RangeTreeStrictness strictness;
  strictness.failure_is_atomic = !contract_.allows(Difference::failure_loses_ranges);
  strictness.nodes_are_reused = !contract_.allows(Difference::set_may_need_node);
  strictness.most_numbers = UINT32_MAX;  // a run of 2^32 numbers has no size in 32 bits
  return strictness;
}

void KernelRangeTreeSubject::list_runs(std::vector<model::Run>& runs) const {
  runs.clear();
  anyctx_range_tree_visit(
      tree(),
      [](void* to, std::uint32_t first, std::uint32_t last) {
        static_cast<std::vector<model::Run>*>(to)->push_back(
            {first, std::uint64_t{last} - first + 1});
      },
      &runs);
}

}  // namespace

std::unique_ptr<RangeTreeSubject> make_kernel_range_tree_subject(inject::Simulation& simulation,
                                                                 const KernelContract& contract) {
  return std::make_unique<KernelRangeTreeSubject>(simulation, contract);
}

}  // namespace anyctx::target
