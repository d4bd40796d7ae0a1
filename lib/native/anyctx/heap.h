// Heap: the allocators as a library. It owns its memory, and has the kernel's calls on it.
//
// Threads are CPUs and signal handlers are NMIs. Two kinds of calls:
//   nolock    legal everywhere: in a signal handler too, also if it interrupts a call of the same
//             heap. Never waits, and makes no system call. May fail although there is memory:
//             null says that this one attempt failed.
//   ordinary  legal in threads, never in a signal handler.
// Both may be called by any thread at any time. Misuse (a double free, a pointer that is not of
// this heap) prints one line "anyctx: double-free at 0x..." and leaks what was misused.
//
// Limits: Native::kMaxCpus threads at a time. A thread takes one of these numbers with its first
// call and keeps it until detach_thread(). After a fork() the child may use a heap only if its
// parent had a single thread, which was not inside of a call.
#pragma once

#include <cstddef>
#include <memory>

#include "lib/machine/native.h"
#include "lib/slab/slab_allocator.h"

namespace anyctx {

namespace gfp = page::gfp;
using page::Gfp;

class Heap {
 public:
  using Pages = page::PageAllocator<machine::Native>;
  using Slabs = slab::SlabAllocator<machine::Native>;
  using Cache = slab::Cache<machine::Native>;
  using Grace = defer::Grace<machine::Native>;
  using Head = defer::LlistNode;

  struct Options {
    slab::Config slab = {.encoded_freelist = true};
    bool populate = false;  // have all memory present now, instead of when it is first used
  };
  struct Destroy {
    void operator()(Heap* heap) const;
  };
  using Owner = std::unique_ptr<Heap, Destroy>;

  static constexpr std::size_t kMinBytes = std::size_t{1} << 20;
  static constexpr unsigned kMaxNolockOrder = page::kPcpOrders - 1;
  /// What kmalloc_nolock() serves at most. More than slab::kMaxCacheSize is whole pages.
  static constexpr std::size_t kMaxNolockSize = std::size_t{1} << (12 + kMaxNolockOrder);

  /// A heap of `bytes`, rounded up to pages, at least kMinBytes, from one mmap(). Some of it is a
  /// reserve, as in the kernel, and what describes it comes on top: about a twentieth. Null if
  /// there is no memory; errno says why. Destroyed by one thread, when no other uses it; objects
  /// that are live go with it. Ordinary.
  static Owner create(std::size_t bytes, const Options& options);
  static Owner create(std::size_t bytes) { return create(bytes, Options()); }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Nolock calls.

  /// At least `size` bytes, 1..kMaxNolockSize; zero if gfp::zero.
  void* kmalloc_nolock(std::size_t size, Gfp gfp = Gfp::none) {
    return slabs_.kmalloc_nolock(size, gfp);
  }
  /// Any object, however allocated, of a cache too.
  void kfree_nolock(const void* object) { slabs_.kfree_nolock(object); }
  /// Frees the object that `head` is a word of, when all readers are gone that are inside now: RCU
  /// readers, or for the second one readers of both kinds. Only this word is written to before.
  /// The memory is free once somebody called poll(), grace_barrier() or a synchronize().
  void kfree_rcu_nolock(Head* head) { slabs_.kfree_rcu_nolock(head); }
  void kfree_srcu_fast_nolock(Head* head) { slabs_.kfree_srcu_fast_nolock(head); }
  /// Readers, whose results go to the unlock. They nest, and must not wait for a grace period;
  /// those of SRCU-fast may sleep otherwise.
  unsigned rcu_read_lock() { return grace_.rcu.read_lock(); }
  void rcu_read_unlock(unsigned token) { grace_.rcu.read_unlock(token); }
  unsigned srcu_read_lock() { return grace_.srcu.read_lock(); }
  void srcu_read_unlock(unsigned token) { grace_.srcu.read_unlock(token); }
  void* cache_alloc_nolock(Cache* cache, Gfp gfp = Gfp::none) {
    return slabs_.kmem_cache_alloc_nolock(cache, gfp);
  }
  void cache_free_nolock(Cache* cache, void* object) {
    slabs_.kmem_cache_free_nolock(cache, object);
  }
  /// How many bytes of a live object may be used.
  std::size_t ksize(const void* object) { return slabs_.ksize(object); }
  /// 2^order pages of zeros, aligned to their size; order <= kMaxNolockOrder.
  void* alloc_pages_nolock(unsigned order) {
    page::Page<machine::Native>* const page =
        pages_.alloc_pages_nolock(Gfp::none, page::kNoNode, order);
    return page == nullptr ? nullptr : pages_.address(page);
  }
  void free_pages_nolock(void* memory, unsigned order) {
    if (memory == nullptr) return;
    page::Page<machine::Native>* const page = pages_.page_of(memory);
    if (page == nullptr) return machine::Native::bug(machine::Bug::invalid_free, memory);
    pages_.free_pages_nolock(page, order);
  }
  /// Whether an address lies in the memory of this heap.
  bool owns(const void* address) const { return pages_.page_of(address) != nullptr; }

  // Ordinary calls.

  /// Up to 4 MiB. A `size` of 0 yields a pointer that may be freed and nothing else.
  void* kmalloc(std::size_t size, Gfp gfp = gfp::kernel) { return slabs_.kmalloc(size, gfp); }
  void kfree(const void* object) { slabs_.kfree(object); }

  Cache* cache_create(const slab::CacheConfig& config) { return slabs_.kmem_cache_create(config); }
  /// False, and a report, if objects of it are live.
  bool cache_destroy(Cache* cache) { return slabs_.kmem_cache_destroy(cache); }
  void* cache_alloc(Cache* cache, Gfp gfp = gfp::kernel) {
    return slabs_.kmem_cache_alloc(cache, gfp);
  }
  void cache_free(Cache* cache, void* object) { slabs_.kmem_cache_free(cache, object); }

  /// Finishes what nolock calls of this thread had to defer. Ordinary allocations do so too when
  /// they run out of cached objects; a thread that makes none calls this from time to time, or the
  /// heap runs empty.
  void poll() { slabs_.poll_deferred(); }
  /// Finishes what nolock calls of all threads had to defer.
  void barrier() { slabs_.deferred_work_barrier(); }
  /// The same for what waits for readers. Waits for all that are inside; not for readers.
  void grace_barrier() { slabs_.kvfree_rcu_barrier(); }
  /// Returns when all readers of this kind are gone that were inside. Not for readers.
  void synchronize_rcu() { grace_.rcu.synchronize(); }
  void synchronize_srcu() { grace_.srcu.synchronize(); }

  // Threads, of all heaps.

  /// False if the process has no number left for this thread. Not necessary, but without it the
  /// first call of one thread too many aborts. Every context.
  static bool attach_thread() { return machine::Native::attach_thread(); }
  /// For a thread that ends: another one may have its number. What it had deferred waits for that
  /// one, or for barrier(). Ordinary.
  static void detach_thread() { machine::Native::detach_thread(); }

  // The allocators, for what else they offer.

  Grace& grace() { return grace_; }
  Slabs& slabs() { return slabs_; }
  const Slabs& slabs() const { return slabs_; }
  Pages& pages() { return pages_; }
  const Pages& pages() const { return pages_; }

 private:
  Heap(std::byte* memory, std::size_t page_count, std::size_t mapped);

  std::byte* const memory_;
  const std::size_t page_count_;
  const std::size_t mapped_;
  Pages pages_;
  Grace grace_;
  Slabs slabs_;
};

}  // namespace anyctx
