#include "fuzzers/targets/range_tree_stage.h"

#include "fuzzers/targets/slab_options.h"
#include "lib/slab/census.h"

namespace anyctx::target {

using inject::Watched;

void RangeTreeStage::reset(const RangeTreeOptions& options) {
  stack_.reset(simulation_.memory(), {.page_count = options.pages});
  nodes_.reset();
  cpus_.emplace();
  lock_.emplace(*cpus_);
}

int RangeTreeStage::lock_irqsave(machine::IrqState& flags) {
  const Watched watched;
  return lock_->lock_irqsave(flags);
}

void RangeTreeStage::unlock_irqrestore(machine::IrqState flags) {
  const Watched watched;
  lock_->unlock_irqrestore(flags);
}

void* RangeTreeStage::kmalloc_nolock() {
  const Watched watched;
  return stack_.slabs.kmalloc_nolock(node_bytes_, {});
}

void RangeTreeStage::kfree_nolock(void* object) {
  const Watched watched;
  stack_.slabs.kfree_nolock(object);
}

void* RangeTreeStage::alloc_pages_nolock() {
  const Watched watched;
  page::Page<Sim>* const page = stack_.pages.alloc_pages_nolock({}, -1, 0);
  return page == nullptr ? nullptr : stack_.pages.address(page);
}

void RangeTreeStage::free_pages_nolock(void* page) {
  const Watched watched;
  stack_.pages.free_pages_nolock(stack_.pages.page_of(page), 0);
}

std::int64_t RangeTreeStage::settle() {
  {
    const Watched watched;
    stack_.slabs.deferred_work_barrier();
  }
  // Its own bucket, and the one that a nolock allocation tries next.
  std::int64_t objects = 0;
  for (const std::size_t size : {node_bytes_, node_bytes_ + 32}) {
    objects +=
        slab::take_census(stack_.slabs, stack_.slabs.bucket_cache(slab::bucket_of(size))).live();
  }
  return objects;
}

}  // namespace anyctx::target
