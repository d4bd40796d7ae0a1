// The C interface: each function is one call of a Heap.
#include <cerrno>
#include <cstdint>

#include "lib/native/anyctx/anyctx.h"
#include "lib/native/anyctx/heap.h"

namespace {

using anyctx::Gfp;
using anyctx::Heap;
using anyctx::slab::CacheFlags;
namespace gfp = anyctx::gfp;

static_assert(ANYCTX_NOLOCK_SIZE_MAX == Heap::kMaxNolockSize);
static_assert(ANYCTX_NOLOCK_ORDER_MAX == Heap::kMaxNolockOrder);
static_assert(ANYCTX_THREADS_MAX == anyctx::machine::Native::kMaxCpus);

Heap& cxx(anyctx_heap* heap) {
  return *reinterpret_cast<Heap*>(heap);
}
Heap::Cache* cxx(anyctx_cache* cache) {
  return reinterpret_cast<Heap::Cache*>(cache);
}
constexpr Gfp zeroing(unsigned flags) {
  return (flags & ANYCTX_ZERO) != 0 ? gfp::zero : Gfp::none;
}

}  // namespace

extern "C" {

anyctx_heap* anyctx_heap_create(size_t bytes, unsigned flags) {
  constexpr unsigned kKnown = ANYCTX_HEAP_POPULATE | ANYCTX_HEAP_CHECKED;
  if ((flags & ~kKnown) != 0) {
    errno = EINVAL;
    return nullptr;
  }
  Heap::Options options;
  options.populate = (flags & ANYCTX_HEAP_POPULATE) != 0;
  if ((flags & ANYCTX_HEAP_CHECKED) != 0) {
    options.slab.debug = CacheFlags::red_zone | CacheFlags::poison | CacheFlags::consistency;
  }
  return reinterpret_cast<anyctx_heap*>(Heap::create(bytes, options).release());
}
void anyctx_heap_destroy(anyctx_heap* heap) {
  if (heap != nullptr) Heap::Destroy()(&cxx(heap));
}

void* anyctx_alloc(anyctx_heap* heap, size_t size, unsigned flags) {
  return cxx(heap).kmalloc(size, gfp::kernel | zeroing(flags));
}
void* anyctx_alloc_nolock(anyctx_heap* heap, size_t size, unsigned flags) {
  return cxx(heap).kmalloc_nolock(size, zeroing(flags));
}
void anyctx_free(anyctx_heap* heap, const void* object) {
  cxx(heap).kfree(object);
}
void anyctx_free_nolock(anyctx_heap* heap, const void* object) {
  cxx(heap).kfree_nolock(object);
}

void anyctx_free_rcu_nolock(anyctx_heap* heap, void* head) {
  cxx(heap).kfree_rcu_nolock(static_cast<Heap::Head*>(head));
}
void anyctx_free_srcu_nolock(anyctx_heap* heap, void* head) {
  cxx(heap).kfree_srcu_fast_nolock(static_cast<Heap::Head*>(head));
}
unsigned anyctx_rcu_read_lock(anyctx_heap* heap) {
  return cxx(heap).rcu_read_lock();
}
void anyctx_rcu_read_unlock(anyctx_heap* heap, unsigned token) {
  cxx(heap).rcu_read_unlock(token);
}
unsigned anyctx_srcu_read_lock(anyctx_heap* heap) {
  return cxx(heap).srcu_read_lock();
}
void anyctx_srcu_read_unlock(anyctx_heap* heap, unsigned token) {
  cxx(heap).srcu_read_unlock(token);
}
void anyctx_grace_barrier(anyctx_heap* heap) {
  cxx(heap).grace_barrier();
}
size_t anyctx_usable_size(anyctx_heap* heap, const void* object) {
  return cxx(heap).ksize(object);
}
bool anyctx_owns(const anyctx_heap* heap, const void* address) {
  return reinterpret_cast<const Heap*>(heap)->owns(address);
}

void* anyctx_alloc_pages_nolock(anyctx_heap* heap, unsigned order) {
  return cxx(heap).alloc_pages_nolock(order);
}
void anyctx_free_pages_nolock(anyctx_heap* heap, void* memory, unsigned order) {
  cxx(heap).free_pages_nolock(memory, order);
}

anyctx_cache* anyctx_cache_create(anyctx_heap* heap, const char* name, size_t size, size_t align) {
  if (size > UINT32_MAX || align > UINT32_MAX) return nullptr;
  anyctx::slab::CacheConfig config;
  config.name = name;
  config.size = static_cast<std::uint32_t>(size);
  config.align = static_cast<std::uint32_t>(align);
  return reinterpret_cast<anyctx_cache*>(cxx(heap).cache_create(config));
}
bool anyctx_cache_destroy(anyctx_heap* heap, anyctx_cache* cache) {
  return cxx(heap).cache_destroy(cxx(cache));
}
void* anyctx_cache_alloc(anyctx_heap* heap, anyctx_cache* cache, unsigned flags) {
  return cxx(heap).cache_alloc(cxx(cache), gfp::kernel | zeroing(flags));
}
void anyctx_cache_free(anyctx_heap* heap, anyctx_cache* cache, void* object) {
  cxx(heap).cache_free(cxx(cache), object);
}

void anyctx_poll(anyctx_heap* heap) {
  cxx(heap).poll();
}
void anyctx_barrier(anyctx_heap* heap) {
  cxx(heap).barrier();
}

bool anyctx_thread_attach(void) {
  return Heap::attach_thread();
}
void anyctx_thread_detach(void) {
  Heap::detach_thread();
}

}  // extern "C"
