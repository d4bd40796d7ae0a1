// ArenaPages: the pages of an arena and where the kernel sees them.
// Source: Linux 7.3 kernel/bpf/arena.c (apply_range_set_cb, apply_range_clear_cb).
//
// Tables exist for all of the arena from its creation to its end, so that mapping a page is one
// compare-and-swap of a leaf and unmapping one exchange: nothing is allocated, in any context.
#pragma once

#include "lib/bpf/arena_memory.h"
#include "lib/bpf/sites.h"
#include "lib/page/kernel_area.h"

namespace anyctx::bpf {

/// Pages on their way out, linked through themselves.
template <machine::Machine M>
struct PageChain {
  page::Page<M>* first = nullptr;

  bool empty() const { return first == nullptr; }
  bool is_one() const { return first != nullptr && first->next == nullptr; }
  void push(page::Page<M>& page) {
    page.next = first;
    first = &page;
  }
  page::Page<M>* pop() {
    page::Page<M>* const page = first;
    if (page != nullptr) first = page->next;
    return page;
  }
};

/// Mapping and unmapping belong to the arena's lock, but for mapping the scratch page. `at` is a
/// kernel address of the area.
template <machine::Machine M>
class ArenaPages {
 public:
  using Page = page::Page<M>;
  using Area = page::KernelArea<M>;

  explicit ArenaPages(ArenaMemory<M>& memory) : memory_(&memory) {}
  void init(Area& area, Page& scratch) {
    area_ = &area;
    scratch_ = &scratch;
  }
  Area& area() { return *area_; }
  const Area& area() const { return *area_; }
  Page& scratch() { return *scratch_; }
  std::uint64_t page_size() const { return memory_->pages().page_size(); }

  // Pages.

  /// A zeroed page with one reference, or null. Every context.
  Page* allocate(int node) {
    if (M::fails(site::arena_page, false)) return nullptr;
    return memory_->allocate_page(node);
  }
  /// All or none. Every context.
  bool allocate(Page** array, std::uint64_t count, int node) {
    for (std::uint64_t i = 0; i < count; ++i) {
      array[i] = allocate(node);
      if (array[i] != nullptr) continue;
      release(array, 0, i);
      return false;
    }
    return true;
  }
  /// Every context.
  void release(Page& page) { memory_->release_page(page); }
  void release(Page** array, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) release(*array[i]);
  }
  /// Drops the arena's reference of each page. Task context, no locks held.
  void release(PageChain<M>& chain) {
    while (Page* const page = chain.pop()) memory_->release_page_sleeping(*page);
  }
  /// A further reference of a page that is mapped. Lock.
  void hold(Page& page) { memory_->pages().get_page(&page); }

  // Mappings.

  bool is_scratch(const Page* page) const { return page == scratch_; }
  /// What is mapped there: null, the scratch page, or a page of the arena. Every context.
  Page* find(std::uint64_t at) const { return area_->load(at); }

  /// The page's reference becomes the arena's. False: nothing changed. Lock.
  bool map(std::uint64_t at, Page& page) {
    if (M::fails(site::arena_install, false)) return false;
    for (unsigned attempt = 0; attempt < kMaxRaces; ++attempt) {
      if (area_->install(at, &page)) {
        counter_.fetch_add(1);
        return true;
      }
      const Page* const found = area_->load(at);
      if (found != nullptr && found != scratch_) break;
      if (found == scratch_) unmap_scratch(at);
    }
    static_cast<void>(M::fails(site::arena_install, true));
    return false;
  }
  /// How many of `count` pages were mapped, from the first one on. Lock.
  std::uint64_t map(std::uint64_t at, Page** array, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!map(at + i * page_size(), *array[i])) return i;
    }
    return count;
  }
  /// Unmaps what is mapped in [from, to); pages of the arena go to the chain, and CPUs may remember
  /// them until flush(). The scratch page is forgotten at once. Lock.
  void unmap(std::uint64_t from, std::uint64_t to, PageChain<M>& chain) {
    for (std::uint64_t at = area_->next_present(from, to); at < to;
         at = area_->next_present(at + page_size(), to)) {
      if (area_->load(at) == scratch_) {
        unmap_scratch(at);
      } else if (Page* const page = area_->clear(at)) {
        counter_.fetch_add(~std::uint64_t{0});
        chain.push(*page);
      }
    }
  }

  /// Lets kernel code that touched an empty slot go on. Every context, no lock.
  void map_scratch(std::uint64_t at) {
    // Whoever was faster mapped something as good.
    static_cast<void>(area_->install(at, scratch_));
    area_->sync_cache(at, at + page_size());
  }

  /// Before addresses of pages that were just mapped are given away.
  void sync_cache(std::uint64_t from, std::uint64_t to) { area_->sync_cache(from, to); }
  /// No CPU remembers what was mapped there before. Task context, interrupts on.
  void flush(std::uint64_t from, std::uint64_t to) { area_->flush(from, to); }

  /// Pages of the arena that are mapped. Every context.
  std::uint64_t count() const { return counter_.load(std::memory_order_relaxed); }
  std::uint64_t peek_count() const { return counter_.peek(); }

 private:
  // Kernel code can fault in the gap below; that it does so again and again would be strange.
  static constexpr unsigned kMaxRaces = 16;

  /// Only the lock's owner maps anything else in its place.
  void unmap_scratch(std::uint64_t at) {
    static_cast<void>(area_->clear(at));
    M::probe(site::arena_scratch_gap);
    area_->break_before_make(at);
  }

  ArenaMemory<M>* memory_;
  Area* area_ = nullptr;
  Page* scratch_ = nullptr;
  machine::Atomic<M, std::uint64_t, site::arena_counter> counter_;
};

}  // namespace anyctx::bpf
