#include "fuzzers/kernel/kernel_arena_stage.h"

#include <algorithm>
#include <cstring>

#include "fuzzers/kernel/node_site.h"
#include "fuzzers/kernel/rqspinlock.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using inject::Sim;

namespace {

constexpr bool is(std::string_view caller, std::string_view function) {
  return caller == function;
}

bool is_node(std::string_view caller) {
  return caller.starts_with("range_tree_");
}

/// Where it is decided that there is no memory for a function of the kernel.
machine::Site memory_site(std::string_view caller) {
  if (is(caller, "arena_alloc_pages")) return bpf::site::arena_array;
  if (is(caller, "arena_free_pages")) return bpf::site::arena_span;
  if (is(caller, "remember_vma")) return bpf::site::arena_record;
  if (is(caller, "arena_map_alloc")) return bpf::site::arena_struct;
  return node_site(caller);
}

}  // namespace

void KernelArenaStage::reset(inject::Memory& memory, const ArenaOptions& options,
                             const KernelContract& contract) {
  machine_.reset(memory, options);
  // Without CONFIG_SMP the kernel has no queues either.
  if (contract.has_kernel_locks) ANYCTX_CHECK(anyctx_rqs_reset(!Sim::smp()));
  for (unsigned index = 0; index < arenas_.size(); ++index) {
    arenas_[index].reset(machine_.pages, contract.allows(Difference::fault_maps_freed_page),
                         contract.has_kernel_locks ? std::optional(index) : std::nullopt);
  }
  charges_.clear();
  may_lose_slots_ = contract.allows(Difference::failure_loses_ranges);
  lost_slots_ = false;
  flushes_all_ = contract.allows(Difference::worker_outlives_arena);
  KernelProvider::set_current();
  Current<KernelArenaStage>::set_current();
}

page::KernelArea<Sim>* KernelArenaStage::area_of(std::uint64_t at) {
  for (page::KernelArea<Sim>& area : machine_.areas()) {
    if (at >= area.base() && at < area.end()) return &area;
  }
  return nullptr;
}

void KernelArenaStage::flush_work(const void* work) {
  defer::Work<Sim>& own = holder_of(work).work();
  own.flush();
  while (flushes_all_ && !own.idle()) own.flush();
}

std::size_t KernelArenaStage::forget(const void* object) {
  const auto found = std::ranges::find(charges_, object, &Charge::object);
  if (found == charges_.end()) return 0;
  const std::size_t bytes = found->bytes;
  charges_.erase(found);
  return bytes;
}

void* KernelArenaStage::allocate(std::size_t bytes, std::string_view caller) {
  const bool refused = Sim::fails(memory_site(caller), false);
  void* const object = refused ? nullptr : memory().allocate(bytes);
  if (object != nullptr) remember(object, bytes);
  if (object == nullptr && is_node(caller)) lost_slots_ |= may_lose_slots_;
  return object;
}

void KernelArenaStage::release(void* object) {
  if (object == nullptr) return;
  memory().release(object, forget(object));
}

/// The kernel charges arenas, and no records of mappings.
void* KernelArenaStage::allocate_sleeping(std::size_t bytes, std::string_view caller) {
  if (Sim::fails(memory_site(caller), false)) return nullptr;
  void* object = nullptr;
  if (is(caller, "remember_vma")) {
    object = machine_.slabs.kmalloc(bytes, page::gfp::kernel);
  } else {
    object = memory().allocate_sleeping(bytes);
    if (object != nullptr) remember(object, bytes);
  }
  if (object != nullptr) std::memset(object, 0, bytes);
  return object;
}

void KernelArenaStage::release_sleeping(void* object) {
  if (object == nullptr) return;
  for (KernelArena& arena : arenas_) {
    if (arena.exists() && static_cast<void*>(arena.map()) == object) arena.gone();
  }
  if (const std::size_t bytes = forget(object); bytes != 0) {
    memory().release(object, bytes);
  } else {
    machine_.slabs.kfree(object);
  }
}

page::Page<Sim>* KernelArenaStage::allocate_page(int node, std::string_view caller) {
  const bool is_scratch = is(caller, "arena_map_alloc");
  const machine::Site site = is_scratch ? bpf::site::arena_scratch : bpf::site::arena_page;
  if (Sim::fails(site, false)) return nullptr;
  return is_scratch ? memory().allocate_page_sleeping() : memory().allocate_page(node);
}

void KernelArenaStage::release_page(page::Page<Sim>& page, bool any_context) {
  any_context ? memory().release_page(page) : memory().release_page_sleeping(page);
}

KernelArena& KernelArenaStage::holder_of(const void* member) {
  const auto found = std::ranges::find_if(
      arenas_, [&](const KernelArena& arena) { return arena.contains(member); });
  ANYCTX_CHECK(found != arenas_.end());
  return *found;
}

KernelArena::Vma& KernelArenaStage::mapping_of(const vm_area_struct* vma) {
  KernelArena::Vma* found = nullptr;
  for (KernelArena& arena : arenas_) {
    if (found == nullptr) found = arena.mapping_of(vma);
  }
  ANYCTX_CHECK(found != nullptr);
  return *found;
}

}  // namespace anyctx::target
