// The page target's schema: parameters, operations and sites of its programs.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Operations, by their index in the schema.
enum class PageOp : std::uint8_t {
  alloc_pages,
  alloc_pages_nolock,
  free_pages,
  free_pages_nolock,
  get_page,
  put_page,
  touch,
  drain_parked,
  drain_pcp,
  trim_pcp,
  balance,
  isolate_pageblock,
  unisolate_pageblock,
  finish_deferred_init,
  double_free,
};

/// Parameters, by their index in the schema.
enum class PageParam : std::uint8_t {
  cpus,
  rt,
  smp,
  pages,      // of memory, in units of 4 KiB, whatever the page size
  page_size,  // 4k, 64k
  nodes,
  dma32,  // the first quarter of node 0 is a zone of its own
  pageblock,
  min_pages,  // watermark MIN; 0: computed
  pcp_batch,  // 0: computed
  pcp_high,   // 0: computed
  unaccepted,
  deferred_init,
  boost,
  memcg,  // requests on account are paid for, without a limit
};

inline constexpr std::uint32_t kMostPages = 1024;  // of 4 KiB
/// A node argument: whatever node the CPU belongs to.
inline constexpr std::uint32_t kAnyPageNode = 2;

extern const program::Schema kPageSchema;

}  // namespace anyctx::target
