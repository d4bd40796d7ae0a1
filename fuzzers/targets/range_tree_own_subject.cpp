// The tree in lib/bpf as a RangeTreeSubject.
#include "fuzzers/targets/range_tree_stage.h"
#include "lib/bpf/range_tree.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

class OwnRangeTreeSubject final : public RangeTreeSubject, private RangeTreeInspector {
 public:
  explicit OwnRangeTreeSubject(inject::Simulation& simulation)
      : stage_(simulation, sizeof(bpf::RangeNode)) {}

  void reset(const RangeTreeOptions& options) override { stage_.reset(options); }
  const RangeTreeInspector& inspector() const override { return *this; }

  int raw_res_spin_lock_irqsave(machine::IrqState& flags) override {
    return stage_.lock_irqsave(flags);
  }
  void raw_res_spin_unlock_irqrestore(machine::IrqState flags) override {
    stage_.unlock_irqrestore(flags);
  }

  void range_tree_init(std::uint64_t limit) override {
    const Watched watched;
    tree_.init(limit, stage_.nodes());
  }
  void range_tree_destroy() override {
    const Watched watched;
    tree_.destroy();
  }
  int range_tree_set(std::uint64_t start, std::uint64_t length) override {
    const Watched watched;
    return tree_.set(start, length);
  }
  int range_tree_clear(std::uint64_t start, std::uint64_t length) override {
    const Watched watched;
    return tree_.clear(start, length);
  }
  int is_range_tree_set(std::uint64_t start, std::uint64_t length) override {
    const Watched watched;
    return tree_.is_set(start, length);
  }
  std::int64_t range_tree_find(std::uint64_t length) override {
    const Watched watched;
    return tree_.find(length);
  }

  void* kmalloc_nolock() override { return stage_.kmalloc_nolock(); }
  void kfree_nolock(void* object) override { stage_.kfree_nolock(object); }
  void* alloc_pages_nolock() override { return stage_.alloc_pages_nolock(); }
  void free_pages_nolock(void* page) override { stage_.free_pages_nolock(page); }
  std::int64_t settle() override { return stage_.settle(); }

 private:
  void list_runs(std::vector<model::Run>& runs) const override {
    runs.clear();
    tree_.visit([&](std::uint64_t first, std::uint64_t size) { runs.push_back({first, size}); });
  }
  std::string_view audit() const override { return tree_.audit(); }
  std::int64_t nodes() const override { return stage_.nodes().count(); }
  bool has_room() const override { return stage_.has_room(); }

  RangeTreeStage stage_;
  bpf::RangeTree<Sim, CountedNodes> tree_;
};

}  // namespace

std::unique_ptr<RangeTreeSubject> make_own_range_tree_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnRangeTreeSubject>(simulation);
}

}  // namespace anyctx::target
