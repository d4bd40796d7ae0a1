// SlabPagesInspector: the pages below a slab allocator that are those of lib/page, for oracles.
#pragma once

#include "fuzzers/targets/slab_inspector.h"
#include "inject/sim/sim_machine.h"
#include "lib/page/page_allocator.h"

namespace anyctx::target {

class SlabPagesInspector : public SlabInspector {
 public:
  using Sim = inject::Sim;

  /// `pages` is not owned.
  explicit SlabPagesInspector(const page::PageAllocator<Sim>& pages) : pages_(pages) {}

  std::uint32_t page_count() const override {
    return static_cast<std::uint32_t>(pages_.map().count());
  }
  std::uint32_t page_bytes() const override {
    return static_cast<std::uint32_t>(pages_.page_size());
  }
  std::uint32_t page_of(const void* address) const override;
  std::uint32_t node_of_page(std::uint32_t page) const override {
    return pages_.map().page(page)->node;
  }
  PageCount count_pages() const override;
  std::int64_t free_pages() const override;
  bool has_room(unsigned order, int node) const override;
  std::string_view audit_pages() const override;
  unsigned nodes() const override { return pages_.nodes(); }
  unsigned node_of_cpu(unsigned cpu) const override { return pages_.node_of_cpu(cpu); }

 protected:
  const page::PageAllocator<Sim>& pages_;
};

}  // namespace anyctx::target
