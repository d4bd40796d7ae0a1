// Arena: what processes that map it get.
#pragma once

#include "lib/bpf/arena.h"

namespace anyctx::bpf {

template <machine::Machine M>
std::int64_t Arena<M>::get_unmapped_area(Space& mm, const page::MapRequest& request) {
  if (request.pgoff != 0) return -EINVAL;
  if (request.length > kArenaSpan) return -E2BIG;
  const UserWindow known = users_.window();
  if (known.known()) {
    if (request.length > known.size()) return -E2BIG;
    if (request.length < known.size() || request.address != known.start) return -EINVAL;
    return mm.find_hole(request.address, request.length, request.fixed);
  }
  std::int64_t hole = mm.find_hole(request.address, request.length, request.fixed);
  const auto crosses = [&] {
    return !shares_high_half(static_cast<std::uint64_t>(hole), request.length);
  };
  if (hole < 0 || !crosses()) return hole;
  // In twice the room there is a part that crosses no line.
  if (!request.fixed) hole = mm.find_hole(request.address, 2 * request.length, false);
  if (hole < 0 || !crosses()) return hole;
  return static_cast<std::int64_t>(without_low32(static_cast<std::uint64_t>(hole)) + kArenaSpan);
}

template <machine::Machine M>
int Arena<M>::map(Vma& vma) {
  if (vma.pgoff != 0 || vma.size() > kArenaSpan) return -EFAULT;
  if (!shares_high_half(vma.start, vma.size())) return -EFAULT;
  if (const int error = users_.add(vma)) return error;
  vma.flags |= page::vma_flag::dont_copy | page::vma_flag::dont_expand;
  vma.flags &= ~page::vma_flag::may_exec;
  if ((vma.flags & page::vma_flag::write) == 0) vma.flags &= ~page::vma_flag::may_write;
  return 0;
}

/// The page gets its reference with the lock held: once that is released, it can be freed. Without
/// the lock there is no repetition, for the caller holds its process's.
template <machine::Machine M>
typename Arena<M>::Fault Arena<M>::fault(Vma&, const page::FaultRequest& request) {
  using Kind = typename Fault::Kind;
  machine::IrqState state;
  if (lock(state) != 0) return {.kind = Kind::sigbus};
  Kind otherwise = Kind::sigsegv;
  Page* const page = page_for_user(request.pgoff, layout_.kernel_of(request.address), otherwise);
  if (page != nullptr) pages_.hold(*page);
  unlock(state);
  if (page == nullptr) return {.kind = otherwise};
  M::probe(site::arena_faulted);
  return {.kind = Kind::page, .page = page};
}

/// Lock.
template <machine::Machine M>
page::Page<M>* Arena<M>::page_for_user(std::uint64_t slot, std::uint64_t at,
                                       typename Fault::Kind& otherwise) {
  Page* const found = pages_.find(at);
  if (pages_.is_scratch(found)) return nullptr;
  if (found != nullptr) return found;
  const TeardownPhase phase = teardowns_.phase_of(slot);
  if (phase == TeardownPhase::active) otherwise = Fault::Kind::nopage;
  if (phase != TeardownPhase::free || segv_on_fault_) return nullptr;
  return new_page(slot, at);
}

/// Also where a slot is reserved, or beyond the arena's size. Lock.
template <machine::Machine M>
page::Page<M>* Arena<M>::new_page(std::uint64_t slot, std::uint64_t at) {
  Page* const page = pages_.allocate(page::kNoNode);
  if (page == nullptr) return nullptr;
  const bool was_free = tree_.is_set(slot, 1) == 0;
  if (!was_free || tree_.clear(slot, 1) == 0) {
    if (pages_.map(at, *page)) {
      pages_.sync_cache(at, at + layout_.page_size());
      return page;
    }
    if (was_free) teardowns_.give_back({slot, 1});
  }
  pages_.release(*page);
  return nullptr;
}

}  // namespace anyctx::bpf
