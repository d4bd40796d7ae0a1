#include "fuzzers/targets/page_world.h"

#include <algorithm>

#include "fuzzers/targets/page_call_oracles.h"
#include "inject/sim/sim_machine.h"
#include "inject/sim/unwatched.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

/// Operations that are in the middle of their work may each add one.
constexpr std::uint32_t kMostHandles = 1900;

bool any_handle(const PageHandle&) {
  return true;
}

}  // namespace

PageWorld::PageWorld(inject::Simulation& simulation, std::unique_ptr<PageSubject> subject)
    : simulation_(simulation),
      subject_(std::move(subject)),
      scene_(simulation, subject_->inspector()),
      rest_(scene_) {}

PageOptions page_options(const program::Program& program) {
  const auto param = [&](PageParam index) { return program.params[static_cast<unsigned>(index)]; };
  PageOptions options;
  const bool large = param(PageParam::page_size) != 0;
  options.page_shift = large ? 16 : 12;
  options.pages = param(PageParam::pages) >> (options.page_shift - 12);
  options.pageblock_order = param(PageParam::pageblock);
  options.nodes = param(PageParam::nodes);
  options.dma32_pages = param(PageParam::dma32) != 0 ? options.pages / options.nodes / 4 : 0;
  options.min_pages = std::min(param(PageParam::min_pages), options.pages / 2);
  options.pcp_batch = param(PageParam::pcp_batch);
  options.pcp_high = param(PageParam::pcp_high);
  options.unaccepted = std::min(param(PageParam::unaccepted), options.pages / 2);
  options.deferred_init = param(PageParam::deferred_init) != 0;
  options.boost = param(PageParam::boost) != 0;
  options.memcg = param(PageParam::memcg) != 0;
  return options;
}

void PageWorld::setup(const program::Program& program) {
  options_ = page_options(program);
  {
    const Watched watched;
    subject_->reset(options_);
  }
  scene_.reset(options_);
  slots_.clear();
  handles_ = 0;
  marks_ = 0;
  alone_ = program.lanes.size() == 1;
  rest_.judge_layout();
}

engine::Outcome PageWorld::perform(const Op& op, inject::Lane) {
  switch (static_cast<PageOp>(op.code)) {
    case PageOp::alloc_pages:
      return allocate(op, false);
    case PageOp::alloc_pages_nolock:
      return allocate(op, true);
    case PageOp::free_pages:
      return give_back(op.args[0], Free::ordinary);
    case PageOp::free_pages_nolock:
      return give_back(op.args[0], Free::nolock);
    case PageOp::put_page:
      return give_back(op.args[0], Free::put);
    case PageOp::get_page:
      return get_page(op);
    case PageOp::touch:
      return touch(op);
    case PageOp::drain_parked:
      return drain_parked();
    case PageOp::drain_pcp:
      return drain_pcp(op.args[0] % scene_.cpus());
    case PageOp::trim_pcp:
      return trim_pcp();
    case PageOp::balance:
      return balance(op.args[0] % options_.nodes);
    case PageOp::isolate_pageblock:
      return change_isolation(op.args[0] % scene_.isolation.pageblocks(), true);
    case PageOp::unisolate_pageblock:
      return change_isolation(op.args[0] % scene_.isolation.pageblocks(), false);
    case PageOp::finish_deferred_init:
      return finish_deferred_init();
    case PageOp::double_free:
      return double_free(op);
  }
  return {Outcome::Kind::vacuous};
}

/// On RT, ordinary calls take sleeping locks.
bool PageWorld::may_wait_for_locks() const {
  return !simulation_.config().rt || Sim::preemptible();
}

void PageWorld::write_contents(Pfn page) {
  model::fill_block(scene_.memory(page), scene_.owners.block(page).mark);
}

void PageWorld::keep(unsigned slot, const PageHandle& handle) {
  ANYCTX_CHECK(slots_.push(slot, handle));
}

PageAsk PageWorld::ask_of(const Op& op, bool nolock) const {
  const auto gfp = static_cast<page::Gfp>(op.args[1]);
  const bool any_node = op.args[2] == kAnyPageNode;
  PageAsk ask;
  ask.this_cpu = any_node;
  ask.node =
      any_node ? scene_.inspector().node_of_cpu(simulation_.cpu()) : op.args[2] % options_.nodes;
  ask.limits.order = op.args[0];
  ask.limits.nolock = nolock;
  ask.zeroed = nolock || has(gfp, page::gfp::zero);
  ask.compound = (nolock || has(gfp, page::gfp::comp)) && op.args[0] > 0;
  if (nolock) return ask;
  ask.limits.may_reclaim = has(gfp, page::gfp::direct_reclaim) && Sim::preemptible();
  ask.limits.high = has(gfp, page::gfp::high);
  ask.limits.nomemalloc = has(gfp, page::gfp::nomemalloc);
  ask.limits.only_low = has(gfp, page::gfp::dma32);
  if (has(gfp, page::gfp::thisnode)) ask.limits.only_node = static_cast<int>(ask.node);
  return ask;
}

engine::Outcome PageWorld::allocate(const Op& op, bool nolock) {
  if (handles_ > kMostHandles || (!nolock && !may_wait_for_locks())) {
    return {Outcome::Kind::vacuous};
  }
  ++handles_;
  const PageAsk ask = ask_of(op, nolock);
  const unsigned order = ask.limits.order;
  const int nid = ask.this_cpu ? -1 : static_cast<int>(ask.node);
  auto gfp = static_cast<page::Gfp>(op.args[1]);
  // Where sleeping is not allowed, the same request without it.
  if (!ask.limits.may_reclaim) gfp = gfp & ~page::gfp::direct_reclaim;

  PageCall call = scene_.begin_request();
  Pfn page = kNoPage;
  {
    const Watched watched;
    page = nolock ? subject_->alloc_pages_nolock(gfp, nid, order)
                  : subject_->alloc_pages(gfp, nid, order);
  }
  scene_.end_call(call);
  if (nolock) judge_nolock(scene_, call, scene_.request_steps());
  if (page == kNoPage) {
    --handles_;
    judge_null(scene_, call, ask);
    judge_sum(scene_, call);
    return {Outcome::Kind::failed};
  }
  judge_block(scene_, call, ask, page, ++marks_);
  write_contents(page);
  keep(op.result, {page, true});
  judge_sum(scene_, call);
  return {Outcome::Kind::done, page};
}

engine::Outcome PageWorld::give_back(unsigned slot, Free how) {
  if (how != Free::nolock && !may_wait_for_locks()) return {Outcome::Kind::vacuous};
  // put_page() knows a page, not how large its block is.
  const auto suitable = [&](const PageHandle& handle) {
    const model::UsedBlock& block = scene_.owners.block(handle.page);
    return how != Free::put || !handle.whole || block.compound || block.order == 0;
  };
  PageHandle handle;
  if (!slots_.take(slot, handle, suitable)) return {Outcome::Kind::vacuous};
  free_block(handle, how);
  return {Outcome::Kind::done, handle.page};
}

void PageWorld::free_block(const PageHandle& handle, Free how) {
  judge_contents(scene_, handle.page);
  const model::UsedBlock block = scene_.owners.block(handle.page);
  const unsigned order = handle.whole || block.compound ? block.order : 0;
  scene_.owners.drop(handle.page, handle.whole);
  --handles_;
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    switch (how) {
      case Free::ordinary:
        subject_->free_pages(handle.page, order);
        break;
      case Free::nolock:
        subject_->free_pages_nolock(handle.page, order);
        break;
      case Free::put:
        subject_->put_page(handle.page);
        break;
    }
  }
  scene_.end_call(call);
  judge_references(scene_, call, handle.page);
  if (how == Free::nolock) judge_nolock(scene_, call, scene_.free_steps());
  judge_sum(scene_, call);
}

engine::Outcome PageWorld::get_page(const Op& op) {
  PageHandle handle;
  // Taken out for as long as it is relied on: the reference must not go away meanwhile.
  if (handles_ > kMostHandles || !slots_.take(op.args[0], handle, any_handle)) {
    return {Outcome::Kind::vacuous};
  }
  ++handles_;
  model::UsedBlock& block = scene_.owners.block(handle.page);
  // A reference of any page of a compound block is one of the block.
  const Pfn page =
      block.compound ? handle.page + op.args[1] % model::pages_of(block.order) : handle.page;
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    subject_->get_page(page);
  }
  scene_.end_call(call);
  ++block.references;
  keep(op.args[0], handle);
  keep(op.result, {handle.page, false});
  judge_references(scene_, call, handle.page);
  judge_nolock(scene_, call, scene_.free_steps());
  judge_sum(scene_, call);
  return {Outcome::Kind::done, page};
}

engine::Outcome PageWorld::touch(const Op& op) {
  PageHandle handle;
  if (!slots_.take(op.args[0], handle, any_handle)) return {Outcome::Kind::vacuous};
  judge_contents(scene_, handle.page);
  scene_.owners.block(handle.page).mark = ++marks_;
  write_contents(handle.page);
  keep(op.args[0], handle);
  return {Outcome::Kind::done, handle.page};
}

/// Only where nobody can come between the two calls: the second one would free another user's
/// block, which no allocator could know.
engine::Outcome PageWorld::double_free(const Op& op) {
  const auto sole = [&](const PageHandle& handle) {
    return handle.whole && scene_.owners.block(handle.page).references == 1;
  };
  PageHandle handle;
  if (!alone_ || !slots_.take(op.args[0], handle, sole)) return {Outcome::Kind::vacuous};
  const unsigned order = scene_.owners.block(handle.page).order;
  free_block(handle, Free::nolock);
  simulation_.expect(machine::Bug::double_free);
  PageCall call = scene_.begin_call();
  {
    const Watched watched;
    subject_->free_pages_nolock(handle.page, order);
  }
  scene_.end_call(call);
  judge_double_free(scene_, handle.page, simulation_.took_expected());
  judge_sum(scene_, call);
  return {Outcome::Kind::done, handle.page};
}

}  // namespace anyctx::target
