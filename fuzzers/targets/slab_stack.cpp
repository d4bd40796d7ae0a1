#include "fuzzers/targets/slab_stack.h"

namespace anyctx::target {

void SlabStack::reset_pages(inject::Memory& memory, const Memory& shape) {
  ANYCTX_CHECK_OP(shape.pages << shape.page_shift, <=, memory.bytes());
  if (page_storage_.size() < shape.pages) {
    page_storage_ = std::vector<page::Page<Sim>>(shape.pages);
  }
  page::Config config;
  config.base = memory.base();
  config.page_count = shape.pages;
  config.page_shift = shape.page_shift;
  config.nodes = shape.nodes;
  pages.init(config, {page_storage_.data(), shape.pages});
}

void SlabStack::reset_slabs(const slab::Config& config) {
  const std::size_t count = pages.map().count();
  const std::size_t words = slab::deferred_words(count, pages.page_shift());
  if (slab_storage_.size() < count) slab_storage_ = std::vector<slab::Slab<Sim>>(count);
  if (deferred_storage_.size() < words) {
    deferred_storage_ = std::vector<slab::DeferredWord<Sim>>(words);
  }
  grace.init();
  slabs.init(pages, grace, config, {slab_storage_.data(), count},
             {deferred_storage_.data(), words});
}

}  // namespace anyctx::target
