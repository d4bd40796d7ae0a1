// The tree in lib/bpf as a RangeTreeSubject.
#include <optional>

#include "fuzzers/targets/range_tree_subject.h"
#include "fuzzers/targets/slab_options.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "lib/bpf/range_tree.h"
#include "lib/bpf/slab_nodes.h"
#include "lib/slab/census.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

/// The slab's nodes, counted.
class CountedNodes {
 public:
  explicit CountedNodes(slab::SlabAllocator<Sim>& slabs) : nodes_(slabs) {}
  void* allocate(std::size_t bytes) {
    void* const node = nodes_.allocate(bytes);
    if (node != nullptr) ++count_;
    return node;
  }
  void release(void* node) {
    --count_;
    nodes_.release(node);
  }
  std::int64_t count() const { return count_; }
  void reset() { count_ = 0; }

 private:
  bpf::SlabNodes<Sim> nodes_;
  std::int64_t count_ = 0;
};

class OwnRangeTreeSubject final : public RangeTreeSubject, private RangeTreeInspector {
 public:
  explicit OwnRangeTreeSubject(inject::Simulation& simulation)
      : simulation_(simulation), memory_(pages_, slabs_), nodes_(slabs_) {}

  void reset(const RangeTreeOptions& options) override;
  const RangeTreeInspector& inspector() const override { return *this; }

  int raw_res_spin_lock_irqsave(machine::IrqState& flags) override {
    const Watched watched;
    return lock_->lock_irqsave(flags);
  }
  void raw_res_spin_unlock_irqrestore(machine::IrqState flags) override {
    const Watched watched;
    lock_->unlock_irqrestore(flags);
  }

  void range_tree_init(std::uint64_t limit) override {
    const Watched watched;
    tree_.init(limit, nodes_);
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

  void* kmalloc_nolock() override {
    const Watched watched;
    return slabs_.kmalloc_nolock(sizeof(bpf::RangeNode), {});
  }
  void kfree_nolock(void* object) override {
    const Watched watched;
    slabs_.kfree_nolock(object);
  }
  void* alloc_pages_nolock() override {
    const Watched watched;
    page::Page<Sim>* const page = pages_.alloc_pages_nolock({}, -1, 0);
    return page == nullptr ? nullptr : pages_.address(page);
  }
  void free_pages_nolock(void* page) override {
    const Watched watched;
    pages_.free_pages_nolock(pages_.page_of(page), 0);
  }
  std::int64_t settle() override;

 private:
  void list_runs(std::vector<model::Run>& runs) const override {
    runs.clear();
    tree_.visit([&](std::uint64_t first, std::uint64_t size) { runs.push_back({first, size}); });
  }
  std::string_view audit() const override { return tree_.audit(); }
  std::int64_t nodes() const override { return nodes_.count(); }
  bool has_room() const override { return memory_.has_room(kLargestSlabOrder, -1); }

  inject::Simulation& simulation_;
  SlabStack stack_;
  page::PageAllocator<Sim>& pages_ = stack_.pages;
  slab::SlabAllocator<Sim>& slabs_ = stack_.slabs;
  OwnSlabInspector memory_;
  CountedNodes nodes_;
  bpf::RangeTree<Sim, CountedNodes> tree_;
  std::optional<sync::RqCpus<Sim>> cpus_;
  std::optional<sync::RqSpinLock<Sim>> lock_;
};

void OwnRangeTreeSubject::reset(const RangeTreeOptions& options) {
  stack_.reset(simulation_.memory(), {.page_count = options.pages});
  nodes_.reset();
  cpus_.emplace();
  lock_.emplace(*cpus_);
}

std::int64_t OwnRangeTreeSubject::settle() {
  {
    const Watched watched;
    slabs_.deferred_work_barrier();
  }
  // Its own bucket, and the one that a nolock allocation tries next.
  std::int64_t objects = 0;
  for (const std::size_t size : {sizeof(bpf::RangeNode), sizeof(bpf::RangeNode) + 32}) {
    objects += slab::take_census(slabs_, slabs_.bucket_cache(slab::bucket_of(size))).live();
  }
  return objects;
}

}  // namespace

std::unique_ptr<RangeTreeSubject> make_own_range_tree_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnRangeTreeSubject>(simulation);
}

}  // namespace anyctx::target
