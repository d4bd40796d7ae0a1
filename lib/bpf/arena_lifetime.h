// Arena: creation and destruction.
#pragma once

#include "lib/bpf/arena.h"

namespace anyctx::bpf {

template <machine::Machine M>
Arena<M>::Arena(const ArenaEnv<M>& env, const ArenaAttr& attr)
    : env_(env),
      segv_on_fault_((attr.map_flags & map_flag::segv_on_fault) != 0),
      lock_(*env.lock_cpus),
      memory_(*env.pages, *env.slabs, *env.payer),
      nodes_(memory_),
      teardowns_(tree_, memory_),
      pages_(memory_) {
  const std::size_t most = slab::kMaxCacheSize / sizeof(Page*);
  batch_limit_ = attr.batch_limit != 0 && attr.batch_limit < most
                     ? attr.batch_limit
                     : static_cast<std::uint32_t>(most);
  tree_.init(attr.max_entries, nodes_);
  irq_work_.init(raise, this, 0);
  work_.init(work, this);
}

template <machine::Machine M>
int Arena<M>::create(const ArenaEnv<M>& env, const ArenaAttr& attr, Arena*& out) {
  if (const int error = check_arena_attr(attr, env.pages->page_shift())) return error;
  page::KernelArea<M>* const area = env.kernel->create_area();
  if (area == nullptr) return -ENOMEM;
  ArenaMemory<M> allocators(*env.pages, *env.slabs, *env.payer);
  void* const memory =
      M::fails(site::arena_struct, false) ? nullptr : allocators.allocate_sleeping(sizeof(Arena));
  if (memory != nullptr) {
    auto* const arena = ::new (memory) Arena(env, attr);
    if (arena->start(attr, *area) == 0) {
      out = arena;
      return 0;
    }
    arena->~Arena();
    allocators.release(memory, sizeof(Arena));
  }
  env.kernel->destroy_area(*area);
  return -ENOMEM;
}

/// On failure it has nothing that it had not before.
template <machine::Machine M>
int Arena<M>::start(const ArenaAttr& attr, page::KernelArea<M>& area) {
  if (tree_.set(0, attr.max_entries) != 0) return -ENOMEM;
  Page* const scratch =
      M::fails(site::arena_scratch, false) ? nullptr : memory_.allocate_page_sleeping();
  if (scratch == nullptr) {
    tree_.destroy();
    nodes_.destroy();
    return -ENOMEM;
  }
  layout_ = ArenaLayout(area.base(), env_.pages->page_shift());
  pages_.init(area, *scratch);
  UserWindow window;
  if (attr.map_extra != 0) {
    window = {attr.map_extra, attr.map_extra + attr.max_entries * layout_.page_size()};
  }
  users_.init(*env_.slabs, *this, window);
  return 0;
}

template <machine::Machine M>
bool Arena<M>::destroy(Arena* arena) {
  if (!arena->users_.empty()) return false;
  arena->irq_work_.sync();
  arena->work_.cancel_sync();
  arena->take_down();
  const ArenaEnv<M> env = arena->env_;
  ArenaMemory<M> allocators = arena->memory_;
  page::KernelArea<M>& area = arena->area();
  arena->~Arena();
  allocators.release(arena, sizeof(Arena));
  env.kernel->destroy_area(area);
  return true;
}

/// Nobody else is here any more: neither lock nor worker are needed.
template <machine::Machine M>
void Arena<M>::take_down() {
  for (defer::LlistNode* list : {taken_spans_, spans_.take_all()}) {
    while (list != nullptr) {
      Record& record = *Record::of(list);
      list = spans_.next(list);
      teardowns_.dispose(record);
    }
  }
  Chain chain;
  pages_.unmap(layout_.kernel_start(), layout_.kernel_end(), chain);
  pages_.flush(layout_.kernel_start(), layout_.kernel_end());
  pages_.release(chain);
  pages_.release(pages_.scratch());
  teardowns_.destroy();
  tree_.destroy();
  nodes_.destroy();
}

}  // namespace anyctx::bpf
