// Zone: a range of memory with its buddy lists, per-CPU lists, parked pages and watermarks.
// Source: Linux 7.3 mm/page_alloc.c.
//
// Hands blocks out and takes them back as they are on lists: what a page is for its user
// (references, contents, compound) is block.h's matter, which zones to try is page_allocator.h's.
#pragma once

#include "lib/page/block.h"
#include "lib/page/fallback.h"
#include "lib/page/held_back.h"
#include "lib/page/layout.h"
#include "lib/page/parked.h"
#include "lib/page/pcp.h"
#include "lib/page/request.h"
#include "lib/sync/trylock_rules.h"

namespace anyctx::page {

template <machine::Machine M>
class Zone {
 public:
  using PerCpuLists = machine::PerCpu<M, Pcp<M>>;

  /// Empties the zone. reserves: pages kept back from requests that could use higher zones, by the
  /// highest zone they may use. boost_limit: see raise_boost(). Single-threaded.
  void reset(const ZoneShape& shape, Blocks<M>* blocks, const Watermarks& marks,
             PcpLimits pcp_limits, std::int64_t boost_limit) {
    shape_ = shape;
    blocks_ = blocks;
    marks_ = marks;
    boost_limit_ = boost_limit;
    lock_.reset();
    buddy_.reset(&blocks->map(), shape.start, shape.end);
    parked_.reset();
    deferred_.reset();
    unaccepted_.reset();
    below_high_.init(0);
    boost_.init(0);
    reserved_pages_ = 0;
    for (std::int64_t& reserve : lowmem_reserve_) reserve = 0;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) pcps_.of(cpu).reset(pcp_limits);
  }
  void set_lowmem_reserve(ZoneType highest, std::int64_t pages) {
    lowmem_reserve_[static_cast<unsigned>(highest)] = pages;
  }

  const ZoneShape& shape() const { return shape_; }
  const Watermarks& marks() const { return marks_; }

  // Watermarks. Nothing is held; the answer is of a moment ago.

  /// Enough free pages for the request at this mark, whatever blocks they form.
  bool has_pages(const Request& request, std::int64_t mark) const {
    const std::int64_t free = buddy_.areas().free_pages();
    std::int64_t unusable = pages_of(request.order) - 1;
    if (!request.uses_reserves()) unusable += buddy_.areas().reserve_pages();
    if (request.high) mark -= mark / 2;
    if (request.high && request.non_block) mark -= mark / 4;
    return free - unusable > mark + lowmem_reserve(request.highest_zone);
  }
  /// A free block that is large enough.
  bool has_block(const Request& request) const {
    return request.order == 0 || buddy_.areas().has_block(request.order, request.from_reserve);
  }
  /// The mark with the boost that mixing of migrate types left.
  std::int64_t mark(const Request& request, Mark mark) const {
    // Small requests in need are not held up by it.
    if (request.order == 0 && request.high && mark == Mark::min) return marks_[mark];
    return marks_[mark] + boost_.load(std::memory_order_relaxed);
  }
  /// True, and remembered, if the zone is below HIGH: per-CPU lists grow no further then.
  bool above_high(const Request& request) {
    if (below_high()) return false;
    if (has_pages(request, mark(request, Mark::high)) && has_block(request)) return true;
    below_high_.store(1, std::memory_order_relaxed);
    return false;
  }
  bool balanced() const { return has_pages(Request{}, mark(Request{}, Mark::high)); }

  // Allocation.

  /// A block, checked but not prepared; null if the locks could not be had or the lists are empty.
  Page<M>* take(const Request& request) {
    if (request.order < kPcpOrders) {
      if (Page<M>* page = take_from_pcp(request)) return page;
    }
    return take_from_buddy(request);
  }

  /// Sets the pageblock aside for atomic requests, up to one percent of the zone. May spin.
  void reserve_for_atomic(Page<M>* page, unsigned order) {
    const std::size_t pageblock = blocks_->map().pageblock_pages();
    const std::size_t percent = static_cast<std::size_t>(shape_.managed()) / 100;
    if (percent < pageblock) return;
    const Section section(*this);
    if (reserved_pages_ >= (percent + pageblock - 1) / pageblock * pageblock) return;
    reserved_pages_ += BlockTypes<M>(buddy_).reserve(page, order);
  }
  /// Gives all free pageblocks of that reserve back to ordinary use. May spin.
  void unreserve(MigrateType to) {
    const Section section(*this);
    while (const std::size_t pages = BlockTypes<M>(buddy_).unreserve(to)) {
      reserved_pages_ -= std::min(pages, reserved_pages_);
    }
  }

  // Memory that is not in the buddy lists yet.

  /// Accepts memory if it is needed to stay above PROMO, or for want of a block. Nolock requests
  /// must not: accepting is a call to the hypervisor. Returns whether the zone has more pages now.
  bool accept_memory(const Request& request, bool for_want_of_block) {
    if (unaccepted_.empty()) return false;
    if (M::fails(site::unaccepted, request.spin == Spin::never)) return false;
    if (for_want_of_block) return release_one(unaccepted_);
    bool accepted = false;
    while (!has_pages(Request{}, marks_[Mark::promo]) && release_one(unaccepted_)) accepted = true;
    return accepted;
  }
  /// Initialises more deferred memory now. May spin.
  bool grow_deferred() { return !deferred_.empty() && release_one(deferred_); }
  HeldBack<M>& deferred() { return deferred_; }
  HeldBack<M>& unaccepted() { return unaccepted_; }

  // Freeing. The block is prepared: its pages are `free`, its first one in limbo.

  void free(Page<M>* page, unsigned order, Spin spin) {
    if (spin == Spin::never && M::fails(site::context, !sync::can_spin_trylock<M>())) {
      parked_.push(page, order);
      return;
    }
    const MigrateType type = blocks_->map().type_of(page);
    if (order >= kPcpOrders || type == MigrateType::isolate ||
        !free_to_pcp(page, order, type, spin)) {
      free_to_buddy(page, order, spin);
    }
  }

  /// Merges parked blocks; returns their pages. May spin.
  std::size_t drain_parked() {
    const Section section(*this);
    return merge_parked();
  }

  // Per-CPU lists. Task context.

  void drain_pcp(unsigned cpu) {
    Pcp<M>& pcp = pcps_.of(cpu);
    for (bool more = true; more;) {
      const machine::IrqState state = pcp.lock.lock();
      free_bulk(pcp, pcp.dynamics.batch() << PcpDynamics::kScaleMax, 0);
      more = pcp.count > 0;
      pcp.lock.unlock(state);
    }
  }
  void trim_pcp(unsigned cpu) {
    Pcp<M>& pcp = pcps_.of(cpu);
    machine::IrqState state = pcp.lock.lock();
    for (int surplus = pcp.dynamics.decay(pcp.count); surplus > 0;) {
      const int batch = std::min(surplus, pcp.dynamics.batch());
      free_bulk(pcp, batch, 0);
      surplus -= batch;
      pcp.lock.unlock(state);
      state = pcp.lock.lock();
    }
    pcp.lock.unlock(state);
  }

  // Pageblocks. May spin.

  bool isolate(Page<M>* block) {
    const Section section(*this);
    return BlockTypes<M>(buddy_).isolate(block);
  }
  bool unisolate(Page<M>* block) {
    const Section section(*this);
    return BlockTypes<M>(buddy_).unisolate(block);
  }
  void drop_boost() { boost_.store(0, std::memory_order_relaxed); }

  /// Construction only: the block becomes free.
  void seed(Page<M>* page, unsigned order) { buddy_.free_block(page, order); }

  // For oracles: const, no decision points.
  const Buddy<M>& buddy() const { return buddy_; }
  const Pcp<M>& pcp(unsigned cpu) const { return pcps_.of(cpu); }
  const Parked<M>& parked() const { return parked_; }
  const HeldBack<M>& deferred() const { return deferred_; }
  const HeldBack<M>& unaccepted() const { return unaccepted_; }
  std::int64_t peek_boost() const { return boost_.peek(); }
  std::int64_t lowmem_reserve(ZoneType highest) const {
    return lowmem_reserve_[static_cast<unsigned>(highest)];
  }

 private:
  using Lock = FrameLock<M, site::zone_lock, Irqs::masked>;

  /// The zone lock, waited for or, for Spin::never, tried once.
  struct Section : FrameSection<Lock> {
    explicit Section(Zone& zone, Spin spin = Spin::allowed)
        : FrameSection<Lock>(zone.lock_, spin) {}
  };

  bool below_high() const { return below_high_.load(std::memory_order_relaxed) != 0; }

  // Zone lock held.
  Page<M>* take_locked(const Request& request) {
    if (Page<M>* page = buddy_.take_smallest(request.order, request.type)) return page;
    Fallback<M> fallback(buddy_);
    Page<M>* page = fallback.claim(request.order, request.type, request.whole_pageblocks);
    if (fallback.mixed_types()) raise_boost(request);
    if (page == nullptr && !request.whole_pageblocks) {
      page = fallback.steal(request.order, request.type);
    }
    return page;
  }

  // Only where background reclaim may be woken, which takes the boost back.
  void raise_boost(const Request& request) {
    if (boost_limit_ == 0 || !has(request.gfp, gfp::kswapd_reclaim)) return;
    const auto step = static_cast<std::int64_t>(blocks_->map().pageblock_pages());
    const std::int64_t boost = boost_.load(std::memory_order_relaxed) + step;
    boost_.store(std::min(boost, std::max(boost_limit_, step)), std::memory_order_relaxed);
  }

  Page<M>* take_from_buddy(const Request& request) {
    for (;;) {
      Page<M>* page = nullptr;
      {
        const Section section(*this, request.spin);
        if (!section) return nullptr;
        if (request.from_reserve) {
          page = buddy_.take_smallest(request.order, MigrateType::highatomic);
        }
        if (page == nullptr) page = take_locked(request);
        if (page == nullptr && request.non_block) {
          page = buddy_.take_smallest(request.order, MigrateType::highatomic);
        }
      }
      if (page == nullptr) {
        static_cast<void>(M::fails(site::no_block, true));
        return nullptr;
      }
      if (blocks_->usable(page, request.order)) return page;
    }
  }

  Page<M>* take_from_pcp(const Request& request) {
    const PcpSection<M> section(pcps_);
    if (!section) return nullptr;
    Pcp<M>& pcp = *section;
    pcp.dynamics.on_alloc();
    M::probe(site::pcp_section);
    for (;;) {
      Page<M>* page = pcp.pop(request.order, request.type);
      if (page == nullptr) {
        if (!refill(pcp, request)) return nullptr;
      } else if (blocks_->usable(page, request.order)) {
        return page;
      }
    }
  }

  bool refill(Pcp<M>& pcp, const Request& request) {
    int blocks = pcp.dynamics.refill(request.order, pcp.count, below_high());
    const Section section(*this, request.spin);
    if (!section) return false;
    bool any = false;
    for (; blocks > 0; --blocks) {
      Page<M>* page = take_locked(request);
      if (page == nullptr) break;
      pcp.push_refill(page, request.order, request.type);
      any = true;
    }
    return any;
  }

  bool free_to_pcp(Page<M>* page, unsigned order, MigrateType type, Spin spin) {
    PcpSection<M> section(pcps_);
    if (!section) return false;
    M::probe(site::pcp_section);
    const MigrateType list = is_mergeable(type) ? type : MigrateType::movable;
    section->push(page, order, list);
    const bool free_high = section->dynamics.on_free(order, section->count);
    // Giving pages back takes the zone lock; until somebody may wait for it, the lists overflow.
    if (spin == Spin::allowed) give_back(section, pcp_list(order, list), free_high);
    return true;
  }

  void give_back(PcpSection<M>& section, unsigned list, bool free_high) {
    const int batch = section->dynamics.batch();
    int surplus = section->dynamics.surplus(section->count, below_high(), free_high);
    if (surplus == 0) return;
    for (;;) {
      const int pages = std::min(surplus, batch);
      free_bulk(*section, pages, list);
      surplus -= pages;
      if (surplus <= 0 || section->count == 0) break;
      if (!section.pause()) return;
    }
    if (below_high() && balanced()) below_high_.store(0, std::memory_order_relaxed);
  }

  // Gives back at least `pages` pages if there are as many, from the lists in turn, `list` first.
  void free_bulk(Pcp<M>& pcp, int pages, unsigned list) {
    pages = std::min(pages, pcp.count);
    if (pages == 0) return;
    const Section section(*this);
    while (pages > 0) {
      while (pcp.lists[list].empty()) list = (list + 1) % kPcpLists;
      Page<M>* page = pcp.pop_coldest(list);
      const unsigned order = pcp_list_order(list);
      buddy_.free_block(page, order);
      pages -= 1 << order;
    }
  }

  void free_to_buddy(Page<M>* page, unsigned order, Spin spin) {
    const Section section(*this, spin);
    if (!section) {
      parked_.push(page, order);
      return;
    }
    // Draining takes unbounded time, so nolock callers leave it to others.
    if (spin == Spin::allowed && !parked_.empty()) merge_parked();
    buddy_.free_block(page, order);
  }

  std::size_t merge_parked() {
    std::size_t pages = 0;
    parked_.drain([&](Page<M>* page, unsigned order) {
      buddy_.free_block(page, order);
      pages += std::size_t{1} << order;
    });
    return pages;
  }

  bool release_one(HeldBack<M>& held_back) {
    const Section section(*this);
    Page<M>* page = held_back.take();
    if (page == nullptr) return false;
    buddy_.free_block(page, page->order);
    return true;
  }

  ZoneShape shape_;
  Blocks<M>* blocks_ = nullptr;
  Watermarks marks_;
  std::int64_t lowmem_reserve_[kZoneTypes] = {};
  std::int64_t boost_limit_ = 0;
  Lock lock_;
  Buddy<M> buddy_;
  std::size_t reserved_pages_ = 0;  // zone lock: in pageblocks of the atomic reserve
  HeldBack<M> deferred_;
  HeldBack<M> unaccepted_;
  Parked<M> parked_;
  machine::Atomic<M, std::uint8_t, site::zone_state> below_high_;
  machine::Atomic<M, std::int64_t, site::zone_state> boost_;
  PerCpuLists pcps_;
};

}  // namespace anyctx::page
