// Stack: pages, grace periods and slabs on a machine of real threads, with memory of their own.
#pragma once

#include <vector>

#include "lib/machine/mapping.h"
#include "lib/page/census.h"
#include "lib/slab/audit.h"

namespace anyctx::native {

template <machine::Machine M>
class Stack {
 public:
  static constexpr std::size_t kPages = 256;
  static constexpr unsigned kPageShift = 12;

  explicit Stack(const slab::Config& config)
      : memory_(machine::map_memory(kPages << kPageShift, kPages << kPageShift)),
        page_storage_(kPages),
        slab_storage_(kPages),
        word_storage_(slab::deferred_words(kPages, kPageShift)) {
    ANYCTX_CHECK(memory_ != nullptr);
    page::Config memory;
    memory.base = memory_;
    memory.page_count = kPages;
    memory.page_shift = kPageShift;
    pages.init(memory, page_storage_);
    grace.init();
    slabs.init(pages, grace, config, slab_storage_, word_storage_);
    slabs.give_sheaves();
    pages_at_rest_ = accounted_pages();
  }
  ~Stack() {
    M::mark_used(memory_, kPages << kPageShift);
    machine::unmap_memory(memory_, kPages << kPageShift);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  /// Does what is deferred, and says what is wrong when nothing is in use any more; empty: nothing.
  std::string_view settle() {
    slabs.poll_deferred();
    slabs.kvfree_rcu_barrier();
    slabs.poll_deferred();
    if (const std::string_view wrong = page::audit(pages); !wrong.empty()) return wrong;
    if (const std::string_view wrong = slab::audit(slabs); !wrong.empty()) return wrong;
    for (const auto* cache = slabs.first_cache(); cache != nullptr; cache = cache->next_cache) {
      if (slab::take_census(slabs, *cache).live() != 0) return "an object is lost, or there twice";
    }
    if (accounted_pages() != pages_at_rest_) return "a page is lost, or there twice";
    return {};
  }

  page::PageAllocator<M> pages;
  defer::Grace<M> grace;
  slab::SlabAllocator<M> slabs;

 private:
  std::int64_t accounted_pages() const {
    std::int64_t count = page::take_census(pages).total();
    slab::for_each_slab(slabs,
                        [&](const slab::Slab<M>& slab) { count += std::int64_t{1} << slab.order; });
    return count;
  }

  std::byte* memory_;
  std::vector<page::Page<M>> page_storage_;
  std::vector<slab::Slab<M>> slab_storage_;
  std::vector<slab::DeferredWord<M>> word_storage_;
  std::int64_t pages_at_rest_ = 0;
};

}  // namespace anyctx::native
