#include "fuzzers/targets/page_stack.h"

#include "lib/machine/check.h"

namespace anyctx::target {

void PageStack::reset_pages(inject::Memory& memory, const SlabOptions& options) {
  const std::size_t count = options.page_count;
  ANYCTX_CHECK_OP(count << options.page_shift, <=, memory.bytes());
  if (page_storage_.size() < count) page_storage_ = std::vector<page::Page<Sim>>(count);
  page::Config config;
  config.base = memory.base();
  config.page_count = count;
  config.page_shift = options.page_shift;
  config.nodes = options.nodes;
  pages.init(config, {page_storage_.data(), count});
}

}  // namespace anyctx::target
