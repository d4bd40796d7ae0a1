// Oracles of requests for pages: what a null must have for a reason, and what a block must be.
#pragma once

#include "fuzzers/targets/page_scene.h"

namespace anyctx::target {

/// A request, as the target made it.
struct PageAsk {
  model::PageRequest limits;
  bool zeroed = false;    // asked for, or promised
  bool compound = false;  // the same
  unsigned node = 0;      // to be preferred
  bool this_cpu = false;  // because it is that of the CPU it began on
};

/// The request returned null.
void judge_null(PageScene& scene, const PageCall& call, const PageAsk& ask);

/// The request returned a block, whatever it is. From here on it is in use.
void judge_block(PageScene& scene, const PageCall& call, const PageAsk& ask, Pfn page,
                 std::uint32_t mark);

}  // namespace anyctx::target
