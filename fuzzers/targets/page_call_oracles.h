// Oracles of the calls that are not requests for pages, and of every call's effect on the sums.
#pragma once

#include "fuzzers/targets/page_scene.h"

namespace anyctx::target {

/// Pages are conserved. After every call, once the model knows its effect.
void judge_sum(PageScene& scene, const PageCall& call);

/// A nolock call leaves to others what may take long: accepting memory, merging parked pages. It
/// takes at most `most_steps` of its own.
void judge_nolock(PageScene& scene, const PageCall& call, std::uint32_t most_steps);

/// A block that is in use has the contents that its user wrote.
void judge_contents(PageScene& scene, Pfn page);

/// The reference count of a block after a call that changed it.
void judge_references(PageScene& scene, const PageCall& call, Pfn page);

// Upkeep. `reported` is what the call returned.
void judge_drained_pcp(PageScene& scene, const PageCall& call, unsigned cpu);
void judge_trimmed_pcp(PageScene& scene, const PageCall& call);
void judge_drained_parked(PageScene& scene, const PageCall& call, std::size_t reported);
void judge_balanced(PageScene& scene, const PageCall& call, unsigned node, bool reported);
/// `wanted`: isolate the pageblock; otherwise the reverse. Updates the model.
void judge_isolation(PageScene& scene, const PageCall& call, std::uint32_t pageblock, bool wanted,
                     bool reported);
/// A block was freed twice on purpose.
void judge_double_free(PageScene& scene, Pfn page, bool reported);

}  // namespace anyctx::target
