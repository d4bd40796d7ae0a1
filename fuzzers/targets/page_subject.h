// PageSubject: a page allocator under test, by the names, arguments and results of the kernel's
// API.
//
// Whoever implements it stands for one allocator: the one in lib/page, or the user's kernel
// sources. The target, its model and its oracles know nothing else of it. Pages go by their number
// (struct page pointers of the kernel count from its first page).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fuzzers/model/page_audit.h"
#include "fuzzers/model/page_view.h"
#include "inject/sim/simulation.h"
#include "lib/page/gfp.h"

namespace anyctx::target {

using model::kNoPage;
using model::Pfn;

struct PageOptions {
  std::uint32_t pages = 256;
  unsigned page_shift = 12;
  unsigned pageblock_order = 4;  // may be lowered, so that every zone has a whole pageblock
  unsigned nodes = 1;
  std::uint32_t dma32_pages = 0;  // the first ones of node 0
  std::uint32_t min_pages = 0;    // watermark MIN; 0: computed
  unsigned pcp_batch = 0;         // 0: computed
  unsigned pcp_high = 0;          // 0: computed
  std::uint32_t unaccepted = 0;   // pages at the end of memory
  bool deferred_init = false;
  bool boost = false;  // watermarks rise when migrate types mix
  bool memcg = false;  // requests on account are paid for
};

/// What oracles may see from the inside. Only reads; nothing is a decision point.
class PageInspector {
 public:
  virtual ~PageInspector() = default;

  // Constant after reset().
  virtual std::uint32_t page_count() const = 0;
  virtual unsigned pageblock_order() const = 0;
  virtual unsigned zone_count() const = 0;
  virtual model::ZoneView zone(unsigned zone) const = 0;
  virtual unsigned node_of_cpu(unsigned cpu) const = 0;
  virtual std::byte* address(Pfn page) const = 0;

  // Cheap, and right while nothing is in progress.
  virtual model::PageView page(Pfn page) const = 0;
  virtual model::PageTotals totals() const = 0;
  virtual model::ZoneCounters counters(unsigned zone) const = 0;
  virtual std::int64_t pcp_pages(unsigned zone, unsigned cpu) const = 0;
  /// What a per-CPU list may hold after it was trimmed.
  virtual std::int64_t pcp_limit(unsigned zone, unsigned cpu) const = 0;
  /// Background reclaim of the node is awake.
  virtual bool reclaiming(unsigned node) const = 0;

  /// Walks all lists. Makes no more entries than there are pages, and one.
  virtual void list_blocks(std::vector<model::FreeBlock>& blocks) const = 0;
  /// page() of all pages.
  virtual void list_pages(std::vector<model::PageView>& pages) const = 0;
};

class PageSubject {
 public:
  virtual ~PageSubject() = default;

  /// Starts over: all memory is free, accepted or not.
  virtual void reset(const PageOptions& options) = 0;
  virtual const PageInspector& inspector() const = 0;

  /// kNoPage for null; a number that no page has for a page outside of the memory. nid -1: any.
  virtual Pfn alloc_pages(page::Gfp gfp, int nid, unsigned order) = 0;
  virtual Pfn alloc_pages_nolock(page::Gfp gfp, int nid, unsigned order) = 0;
  virtual void free_pages(Pfn page, unsigned order) = 0;
  virtual void free_pages_nolock(Pfn page, unsigned order) = 0;
  virtual void get_page(Pfn page) = 0;
  virtual void put_page(Pfn page) = 0;

  virtual std::size_t drain_parked() = 0;  // pages
  virtual void drain_pcp(unsigned cpu) = 0;
  virtual void trim_pcp() = 0;              // of this CPU
  virtual bool balance(unsigned node) = 0;  // background reclaim may sleep again
  virtual bool isolate_pageblock(Pfn page) = 0;
  virtual bool unisolate_pageblock(Pfn page) = 0;
  virtual void finish_deferred_init() = 0;

  /// What is still paid for after everything was given back, and who still pays. Nobody uses the
  /// subject.
  struct Accounts {
    std::uint64_t pages = 0;
    std::uint32_t payers = 0;
  };
  virtual Accounts end_accounting() { return {}; }
};

/// The allocator in lib/page, on the memory of a simulation.
std::unique_ptr<PageSubject> make_own_page_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
