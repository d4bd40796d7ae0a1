// PageAllocator: zones, buddy lists and per-CPU lists behind the kernel's page API, for every
// context. Source: Linux 7.3 mm/page_alloc.c. Does not compact, or reclaim anything but its own
// caches.
#pragma once

#include <span>

#include "lib/page/memcg.h"
#include "lib/page/zone.h"

namespace anyctx::page {

/// No heap, no globals: manages the memory and the descriptors its owner passes to init().
/// Contexts: "ordinary" calls may spin and are legal in task, softirq and hardirq (RT: not in
/// hardirq); "nolock" calls are legal everywhere, never wait, and never print or wake.
template <machine::Machine M>
class PageAllocator {
 public:
  PageAllocator() = default;
  PageAllocator(const PageAllocator&) = delete;
  PageAllocator& operator=(const PageAllocator&) = delete;

  /// Starts over with the given memory; also resets an allocator that was in use, whatever state
  /// it was left in. `pages` has at least config.page_count elements. All memory becomes free.
  /// Single-threaded.
  void init(const Config& config, std::span<Page<M>> pages);
  /// From now on, gfp::account makes whoever is current in `memcg` pay, and requests of groups that
  /// may not have more fail. Right after init(); single-threaded.
  void account_to(Memcg<M>& memcg) { memcg_ = &memcg; }
  /// Null: nobody pays for anything.
  Memcg<M>* memcg() const { return memcg_; }

  // Allocation.

  /// 2^order pages with one reference, or null. With direct_reclaim in `gfp` it may sleep, and it
  /// collects the pages on per-CPU and parked lists before it gives up. `nid` is a hint unless
  /// gfp has thisnode. Ordinary; with direct_reclaim, task context only.
  Page<M>* alloc_pages(Gfp gfp, int nid, unsigned order) {
    return referenced(alloc_frozen_pages(gfp, nid, order, Spin::allowed));
  }
  /// One attempt that never waits: zeroed, compound if order > 0. Of `gfp` only account has a
  /// meaning, and `nid` is a hint always. Null says no more than that this attempt failed.
  Page<M>* alloc_pages_nolock(Gfp gfp, int nid, unsigned order) {
    return referenced(alloc_frozen_pages(gfp & gfp::account, nid, order, Spin::never));
  }
  /// Without a reference (the count stays 0). Spin::never: as alloc_pages_nolock, but reclaimable
  /// and dma32 are honoured as well. Any context with Spin::never, else as alloc_pages.
  Page<M>* alloc_frozen_pages(Gfp gfp, int nid, unsigned order, Spin spin) {
    return spin == Spin::never ? alloc_nolock(gfp, nid, order) : alloc_ordinary(gfp, nid, order);
  }

  // Freeing.

  /// Drops a reference and frees the block with the last one. If references remain, the further
  /// pages of a block that is not compound are freed all the same. Null is ignored. Ordinary.
  void free_pages(Page<M>* page, unsigned order) { release(page, order, Spin::allowed); }
  /// The same for any page, however allocated, in every context. Never fails: what cannot be
  /// freed now is parked.
  void free_pages_nolock(Page<M>* page, unsigned order) { release(page, order, Spin::never); }
  /// For pages whose count is 0. Any context with Spin::never, else ordinary.
  void free_frozen_pages(Page<M>* page, unsigned order, Spin spin) {
    if (!blocks_.take_back(page, order)) return;
    if (page->payer != nullptr) [[unlikely]]
      uncharge(*page, order, spin);
    M::probe(site::free_prepared);
    zones_[page->zone].free(page, order, spin);
  }

  /// Takes a further reference of a page the caller holds one of. Every context.
  void get_page(Page<M>* page) { blocks_.get(head(page)); }
  /// Drops a reference; true if it was the last one: the caller frees the frozen page. Every
  /// context.
  bool put_page_testzero(Page<M>* page) { return blocks_.put(head(page)) == Put::last; }

  // Lists.

  /// Merges the parked pages of all zones into the buddy lists; returns how many. Ordinary.
  std::size_t drain_parked();
  /// Gives the pages on per-CPU lists back to the buddy lists. Task context.
  void drain_pcp(unsigned cpu);
  void drain_all_pcp();
  /// The periodic statistics worker, for the CPU it runs on: lets limits of per-CPU lists decay and
  /// gives back what is above them. Task context.
  void trim_pcp();
  /// One turn of background reclaim (kswapd) for a node: collects cached and parked pages, takes
  /// watermark boosts back, and sleeps again if a zone of the node is above HIGH: true then.
  /// Task context.
  bool balance(unsigned node);

  // Memory.

  /// Ends the boot phase of Config::deferred_init: from here on nolock requests are admitted.
  /// Task context.
  void finish_deferred_init();
  /// Takes the free pages of the page's pageblock out of use, and those freed later. False if it
  /// is isolated already or is cut off by the end of memory. Ordinary.
  bool isolate_pageblock(Page<M>* page) {
    return zones_[page->zone].isolate(blocks_.map().pageblock(page));
  }
  /// The reverse. False if it was not isolated. Ordinary.
  bool unisolate_pageblock(Page<M>* page) {
    return zones_[page->zone].unisolate(blocks_.map().pageblock(page));
  }

  // Addresses. Every context.

  void* address(const Page<M>* page) const { return blocks_.map().address(page); }
  /// The page that contains this address; null outside of the memory of this allocator.
  Page<M>* page_of(const void* address) const { return blocks_.map().page_of(address); }
  /// First page of the compound block the page belongs to; otherwise the page itself.
  Page<M>* head(Page<M>* page) const { return blocks_.head(page); }
  std::size_t pfn(const Page<M>* page) const { return blocks_.map().pfn(page); }
  std::size_t page_size() const { return std::size_t{1} << page_shift(); }
  unsigned page_shift() const { return blocks_.map().shift(); }
  unsigned nodes() const { return node_count_; }
  unsigned node_of(const Page<M>* page) const { return page->node; }
  /// The node whose memory is nearest to a CPU.
  unsigned node_of_cpu(unsigned cpu) const { return cpu % node_count_; }

  // For oracles: const, no decision points. More in lib/page/census.h.

  const PageMap<M>& map() const { return blocks_.map(); }
  unsigned zone_count() const { return zone_count_; }
  const Zone<M>& zone(unsigned index) const { return zones_[index]; }
  std::int64_t peek_leaked() const { return blocks_.peek_leaked(); }
  bool peek_boot_finished() const { return booting_.peek() == 0; }
  bool peek_reclaiming(unsigned node) const { return nodes_[node].reclaiming.peek() != 0; }

 private:
  struct Node {
    ZoneList zones;
    // Background reclaim is awake: its memory is better left alone if another node has some.
    machine::Atomic<M, std::uint8_t, site::zone_state> reclaiming;
  };

  // Allocation.
  Page<M>* referenced(Page<M>* page) {
    if (page != nullptr) page->refcount.store(1, std::memory_order_relaxed);
    return page;
  }
  Page<M>* alloc_nolock(Gfp gfp, int nid, unsigned order);
  Page<M>* alloc_ordinary(Gfp gfp, int nid, unsigned order);
  Page<M>* alloc_slow_path(Request& request, unsigned node);
  Page<M>* try_zones(Request& request, unsigned node);
  Page<M>* try_zones_once(const Request& request, unsigned node, bool skip_reclaiming,
                          bool& skipped);
  Page<M>* try_zone(Zone<M>& zone, const Request& request);
  bool admits(Zone<M>& zone, const Request& request);
  bool allows(const Zone<M>& zone, const Request& request, unsigned node) const;
  bool starts_with_whole_pageblocks(const Request& request, unsigned node) const;
  Page<M>* charged(Page<M>* page, unsigned order, Gfp gfp, Spin spin);
  void wake_reclaim(const Request& request, unsigned node);
  void reclaim(const Request& request);
  unsigned preferred_node(int nid) const {
    ANYCTX_CHECK(nid == kNoNode || static_cast<unsigned>(nid) < node_count_);
    return nid == kNoNode ? node_of_cpu(M::cpu()) : static_cast<unsigned>(nid);
  }

  // Freeing.
  void release(Page<M>* page, unsigned order, Spin spin);
  void uncharge(Page<M>& page, unsigned order, Spin spin);

  // Construction.
  void init_pages(const Layout& layout, std::span<Page<M>> pages);
  void init_zone(const Config& config, const Layout& layout, const ZoneShape& shape);
  void init_lowmem_reserve(const Layout& layout);
  void seed_zone(const Config& config, const ZoneShape& shape);
  template <class Visit>
  void for_each_largest_block(std::size_t start, std::size_t end, Visit visit);

  Blocks<M> blocks_;
  unsigned node_count_ = 0;
  unsigned zone_count_ = 0;
  bool has_dma32_ = false;
  Memcg<M>* memcg_ = nullptr;
  machine::Atomic<M, std::uint8_t, site::boot_gate> booting_;
  Node nodes_[kMaxNodes];
  Zone<M> zones_[kMaxZones];
};

}  // namespace anyctx::page

#include "lib/page/page_allocator_alloc.h"
#include "lib/page/page_allocator_init.h"
#include "lib/page/page_allocator_lists.h"
