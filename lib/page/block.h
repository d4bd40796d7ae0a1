// Blocks: what a block of pages is for its user. Prepares it on the way out, checks and unmarks it
// on the way back, keeps its references. Source: Linux 7.3 mm/page_alloc.c (prep_new_page(),
// free_pages_prepare()), mm.h (page references).
#pragma once

#include "lib/page/page_map.h"

namespace anyctx::page {

/// Result of dropping a reference.
enum class Put : std::uint8_t { more, last, bug };

/// Members are called by whoever owns the block, in every context. What cannot be trusted is
/// reported to the machine and leaked: its pages are never handed out again.
template <machine::Machine M>
class Blocks {
 public:
  void reset(const Config& config, Page<M>* pages, unsigned pageblock_order) {
    map_.init(config, pages, pageblock_order);
    leaked_.init(0);
  }

  const PageMap<M>& map() const { return map_; }

  /// Checks a block that comes from a list. False: it was overwritten there, reported and leaked.
  bool usable(Page<M>* page, unsigned order) {
    bool good = page->kind == PageKind::free || page->kind == PageKind::pcp;
    good = good && page->refcount.load(std::memory_order_relaxed) == 0;
    for (std::int64_t i = 0; i < pages_of(order) && good; ++i) {
      good =
          page[i].private_word == 0 && !page[i].buddy && (i == 0 || page[i].kind == PageKind::free);
    }
    if (good) return true;
    M::bug(machine::Bug::bad_page, page);
    leak(page, pages_of(order));
    return false;
  }

  /// Makes a usable block a live one, without a reference.
  void hand_out(Page<M>* page, unsigned order, Gfp gfp) {
    const bool compound = order > 0 && has(gfp, gfp::comp);
    page->kind = PageKind::live;
    page->order = static_cast<std::uint8_t>(order);
    page->compound = compound;
    for (std::int64_t i = 1; i < pages_of(order); ++i) {
      page[i].kind = compound ? PageKind::tail : PageKind::part;
      page[i].head = compound ? page : nullptr;
    }
    map_.mark_used(page, order);
    if (has(gfp, gfp::zero)) map_.clear(page, order);
  }

  /// Makes a live block one that can be put on a list. False: it must not be freed.
  bool take_back(Page<M>* page, unsigned order) {
    if (!may_free(page, order)) return false;
    page->kind = PageKind::freeing;
    page->compound = false;
    page->private_word = 0;
    for (std::int64_t i = 1; i < pages_of(order); ++i) {
      page[i].kind = PageKind::free;
      page[i].head = nullptr;
      page[i].private_word = 0;
    }
    map_.mark_free(page, order);
    return true;
  }

  /// Whether a block of this order can start here.
  bool fits(const Page<M>* page, unsigned order) const {
    if (order > kMaxOrder) return false;
    const std::size_t size = std::size_t{1} << order;
    const std::size_t pfn = map_.pfn(page);
    return pfn % size == 0 && pfn + size <= map_.count();
  }

  Page<M>* head(Page<M>* page) const { return page->kind == PageKind::tail ? page->head : page; }

  void get(Page<M>* page) {
    const std::int32_t before = page->refcount.fetch_add(1);
    if (before > 0) return;
    page->refcount.fetch_add(-1);
    M::bug(machine::Bug::bad_refcount, page);
  }

  Put put(Page<M>* page) {
    // Looked at first, so that a misuse does not write to a page that is somebody else's.
    if (page->refcount.load(std::memory_order_relaxed) <= 0) return bad_put(page);
    const std::int32_t before = page->refcount.fetch_add(-1, std::memory_order_acq_rel);
    if (before == 1) return Put::last;
    if (before > 1) return Put::more;
    page->refcount.fetch_add(1);
    return bad_put(page);
  }

  /// For oracles.
  std::int64_t peek_leaked() const { return leaked_.peek(); }

 private:
  static bool is_free(PageKind kind) {
    return kind == PageKind::free || kind == PageKind::pcp || kind == PageKind::parked ||
           kind == PageKind::freeing;
  }

  Put bad_put(const Page<M>* page) {
    M::bug(is_free(page->kind) ? machine::Bug::double_free : machine::Bug::bad_refcount, page);
    return Put::bug;
  }

  bool may_free(Page<M>* page, unsigned order) {
    if (page->kind != PageKind::live && page->kind != PageKind::part) {
      // It has another owner, who keeps it.
      M::bug(is_free(page->kind) ? machine::Bug::double_free : machine::Bug::invalid_free, page);
      return false;
    }
    if (page->refcount.load(std::memory_order_relaxed) != 0) {
      return refuse(page, machine::Bug::bad_refcount);
    }
    if (!fits(page, order) || (page->compound && page->order != order)) {
      return refuse(page, machine::Bug::invalid_free);
    }
    for (std::int64_t i = 1; i < pages_of(order); ++i) {
      const bool own = page->compound ? page[i].kind == PageKind::tail && page[i].head == page
                                      : page[i].kind == PageKind::part;
      if (own) continue;
      return refuse(page,
                    is_free(page[i].kind) ? machine::Bug::double_free : machine::Bug::invalid_free);
    }
    return true;
  }

  bool refuse(Page<M>* page, machine::Bug bug) {
    M::bug(bug, page);
    std::int64_t pages = 1;
    if (page->compound) {
      pages = pages_of(page->order);
    } else {
      // Parts may have been freed before: what is still joined to the first page goes with it.
      const std::int64_t most = pages_of(page->order);
      while (pages < most && page[pages].kind == PageKind::part) ++pages;
    }
    leak(page, pages);
    return false;
  }

  void leak(Page<M>* page, std::int64_t pages) {
    for (std::int64_t i = 0; i < pages; ++i) page[i].kind = PageKind::leaked;
    leaked_.fetch_add(pages);
  }

  PageMap<M> map_;
  machine::Atomic<M, std::int64_t, site::leaked> leaked_;
};

}  // namespace anyctx::page
