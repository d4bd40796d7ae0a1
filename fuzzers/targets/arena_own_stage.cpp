#include "fuzzers/targets/arena_own_stage.h"

#include "inject/sim/unwatched.h"

namespace anyctx::target {

void ArenaStage::reset(inject::Memory& memory, const ArenaOptions& asked) {
  options = asked;
  const std::size_t leaves = ArenaSubject::kArenas * page::leaf_groups_per_area(options.page_shift);
  if (area_storage_.empty()) {
    area_storage_ = std::vector<page::KernelArea<Sim>>(ArenaSubject::kArenas);
  }
  if (leaf_storage_.size() < leaves) {
    leaf_storage_ = std::vector<page::LeafGroup<Sim>>(leaves);
    area_storage_ = std::vector<page::KernelArea<Sim>>(ArenaSubject::kArenas);
  }

  SlabStack::reset(
      memory, {.page_count = options.pages,
               .page_shift = options.page_shift,
               .without_cas2 = options.always_null ? WithoutCas2::fail : WithoutCas2::try_lock});
  kernel.init(options.page_shift, area_storage_, leaf_storage_);
  payer.init();
  lock_cpus.emplace();
  for (std::atomic<Arena*>& arena : arenas) arena = nullptr;
  was_used_ = {};
  for (unsigned process = 0; process < space_of.size(); ++process) take_space(process);
}

void ArenaStage::new_space(unsigned process) {
  space(process).exit();
  take_space(process);
}

/// One that is new, or gone. Of those that ended, a removal from users keeps one at most.
void ArenaStage::take_space(unsigned process) {
  const inject::Unwatched unwatched;
  for (unsigned i = 0; i < kSpaces; ++i) {
    if (was_used_[i] && !spaces[i].peek_gone()) continue;
    was_used_[i] = true;
    spaces[i].init(pages, pte_storage_[i]);
    space_of[process] = i;
    return;
  }
  ANYCTX_CHECK(false);
}

}  // namespace anyctx::target
