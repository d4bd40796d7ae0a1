// Upkeep operations of PageWorld, and what happens when all operations are done.
#include "fuzzers/targets/page_call_oracles.h"
#include "fuzzers/targets/page_world.h"
#include "inject/sim/unwatched.h"

namespace anyctx::target {

using inject::Watched;

engine::Outcome PageWorld::drain_parked() {
  if (!may_wait_for_locks()) return {Outcome::Kind::vacuous};
  PageCall call = scene_.begin_call();
  std::size_t pages = 0;
  {
    const Watched watched;
    pages = subject_->drain_parked();
  }
  scene_.end_call(call);
  judge_drained_parked(scene_, call, pages);
  judge_sum(scene_, call);
  return {Outcome::Kind::done, pages};
}

engine::Outcome PageWorld::drain_pcp(unsigned cpu) {
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    subject_->drain_pcp(cpu);
  }
  scene_.end_call(call);
  judge_drained_pcp(scene_, call, cpu);
  judge_sum(scene_, call);
  return {};
}

engine::Outcome PageWorld::trim_pcp() {
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    subject_->trim_pcp();
  }
  scene_.end_call(call);
  judge_trimmed_pcp(scene_, call);
  judge_sum(scene_, call);
  return {};
}

engine::Outcome PageWorld::balance(unsigned node) {
  PageCall call = scene_.begin_call();
  bool done = false;
  {
    const Watched watched;
    done = subject_->balance(node);
  }
  scene_.end_call(call);
  judge_balanced(scene_, call, node, done);
  judge_sum(scene_, call);
  return {Outcome::Kind::done, done ? 1u : 0u};
}

engine::Outcome PageWorld::change_isolation(std::uint32_t pageblock, bool isolate) {
  if (!may_wait_for_locks()) return {Outcome::Kind::vacuous};
  const Pfn page = scene_.isolation.first_page(pageblock);
  PageCall call = scene_.begin_call();
  bool done = false;
  {
    const Watched watched;
    done = isolate ? subject_->isolate_pageblock(page) : subject_->unisolate_pageblock(page);
  }
  scene_.end_call(call);
  judge_isolation(scene_, call, pageblock, isolate, done);
  judge_sum(scene_, call);
  return {done ? Outcome::Kind::done : Outcome::Kind::failed, pageblock};
}

engine::Outcome PageWorld::finish_deferred_init() {
  if (scene_.boot == PageScene::Boot::deferred) scene_.boot = PageScene::Boot::ending;
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    subject_->finish_deferred_init();
  }
  scene_.end_call(call);
  scene_.boot = PageScene::Boot::over;
  judge_sum(scene_, call);
  return {};
}

void PageWorld::finish() {
  rest_.judge_lists();
  PageHandle handle;
  while (slots_.take_any(handle)) {
    free_block(handle, handle.page % 2 == 0 ? Free::ordinary : Free::nolock);
  }
  for (std::uint32_t block = 0; block < scene_.isolation.pageblocks(); ++block) {
    if (scene_.isolation.state(block) != model::PageIsolation::State::in_use) {
      change_isolation(block, false);
    }
  }
  finish_deferred_init();
  drain_parked();
  for (unsigned cpu = 0; cpu < scene_.cpus(); ++cpu) drain_pcp(cpu);
  rest_.judge_empty(options_);
  rest_.judge_accounts(subject_->end_accounting());
}

}  // namespace anyctx::target
