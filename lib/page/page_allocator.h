// PageAllocator: zones, buddy lists and per-CPU lists behind the kernel's page API, for every
// context. Source: Linux 7.3 mm/page_alloc.c. Does not charge memory cgroups, reclaim or compact.
#pragma once

#include <span>

#include "lib/page/config.h"
#include "lib/page/gfp.h"
#include "lib/page/page.h"
#include "lib/page/spin.h"

namespace anyctx::page {

/// No heap, no globals: manages the memory and the descriptors its owner passes to init().
/// Contexts: "ordinary" calls may spin and are legal in task, softirq and hardirq (RT: not in
/// hardirq); "nolock" calls are legal everywhere, never wait, and never print or wake.
template <machine::Machine M>
class PageAllocator {
 public:
  using PageType = Page<M>;

  PageAllocator() = default;
  PageAllocator(const PageAllocator&) = delete;
  PageAllocator& operator=(const PageAllocator&) = delete;

  /// Starts over with the given memory; also resets an allocator that was in use, whatever state
  /// it was left in. `pages` has at least config.page_count elements. All memory becomes free.
  /// Single-threaded.
  void init(const Config& config, std::span<Page<M>> pages);

  /// 2^order pages with one reference, or null. May reclaim cached pages and sleep if gfp has
  /// direct_reclaim. `nid` is a hint unless gfp has thisnode. Ordinary.
  Page<M>* alloc_pages(Gfp gfp, int nid, unsigned order);
  /// One attempt that never waits: zeroed, compound if order > 0. Of `gfp` only account has a
  /// meaning, and `nid` is a hint always. Null says no more than that this attempt failed.
  Page<M>* alloc_pages_nolock(Gfp gfp, int nid, unsigned order);
  /// Without a reference (the count stays 0). Spin::never: as alloc_pages_nolock, but reclaimable
  /// and dma32 are honoured as well. Any context with Spin::never, else ordinary.
  Page<M>* alloc_frozen_pages(Gfp gfp, int nid, unsigned order, Spin spin);

  /// Drops a reference and frees the block with the last one. If references remain, the further
  /// pages of a block that is not compound are freed all the same. Ordinary.
  void free_pages(Page<M>* page, unsigned order);
  /// The same for any page, however allocated, in every context. Never fails: what cannot be
  /// freed now is parked.
  void free_pages_nolock(Page<M>* page, unsigned order);
  /// For pages whose count is 0. Any context with Spin::never, else ordinary.
  void free_frozen_pages(Page<M>* page, unsigned order, Spin spin);

  /// Takes a further reference of a page the caller holds one of. Every context.
  void get_page(Page<M>* page);
  /// Drops a reference; true if it was the last one: the caller frees the frozen page. Every
  /// context.
  bool put_page_testzero(Page<M>* page);

  /// Merges the parked pages of all zones into the buddy lists; returns how many pages. Ordinary.
  std::size_t drain_parked();
  /// Gives the pages on per-CPU lists back to the buddy lists. Ordinary.
  void drain_pcp(unsigned cpu);
  void drain_all_pcp();
  /// The periodic statistics worker, for the CPU it runs on: trims lists above their limit and
  /// lets unused limits decay. Task context.
  void trim_pcp();

  void* address(const Page<M>* page) const;
  /// The page that contains this address; null outside of the memory of this allocator.
  Page<M>* page_of(const void* address) const;
  /// First page of the compound block the page belongs to; otherwise the page itself.
  Page<M>* head(Page<M>* page) const;
  std::size_t pfn(const Page<M>* page) const;
  std::size_t page_size() const;
  unsigned page_shift() const;
  unsigned node_of(const Page<M>* page) const;
  /// The node whose memory is nearest to a CPU.
  unsigned node_of_cpu(unsigned cpu) const;
  unsigned nodes() const;
};

}  // namespace anyctx::page
