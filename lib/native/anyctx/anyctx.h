// anyctx: memory that may be allocated and freed in any context. The C interface.
//
// A heap has memory of its own. Threads and signal handlers use it at the same time. Two kinds of
// calls:
//   ..._nolock  legal everywhere: in a signal handler too, also if it interrupts a call of the same
//               heap. They never wait, and make no system call. They may fail although there is
//               memory: NULL says that this one attempt failed.
//   others      legal in threads, never in a signal handler, unless a comment says so.
// Misuse (a double free, a pointer that is not of this heap) prints one line to standard error
// and leaks what was misused.
//
// After a fork() the child may use a heap only if its parent had a single thread, which was not
// inside of a call.
#ifndef ANYCTX_ANYCTX_H
#define ANYCTX_ANYCTX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct anyctx_heap anyctx_heap;
typedef struct anyctx_cache anyctx_cache;

enum {
  ANYCTX_NOLOCK_SIZE_MAX = 32768,  // bytes that anyctx_alloc_nolock() serves at most
  ANYCTX_NOLOCK_ORDER_MAX = 3,     // 2^3 pages: what anyctx_alloc_pages_nolock() serves at most
  ANYCTX_THREADS_MAX = 64          // threads at a time, of all heaps
};

// Flags of anyctx_heap_create().
enum {
  ANYCTX_HEAP_POPULATE = 1,  // have all memory present now, instead of when it is first used
  ANYCTX_HEAP_CHECKED = 2    // look for overruns, double frees and writes after a free; slow
};

// Flags of allocations.
enum {
  ANYCTX_ZERO = 1  // the memory is zero
};

// A heap of `bytes` (at least 1 MiB), some of which is a reserve. NULL with errno if there is no
// memory, or if a flag is unknown.
anyctx_heap* anyctx_heap_create(size_t bytes, unsigned flags);
// Nobody uses the heap any more. What is allocated from it goes with it. NULL is ignored.
void anyctx_heap_destroy(anyctx_heap* heap);

// Allocation. Sizes of 1 to ANYCTX_NOLOCK_SIZE_MAX bytes in every context, up to 4 MiB without
// nolock. For a size of 0 the result is a pointer that may be freed and nothing else.
void* anyctx_alloc(anyctx_heap* heap, size_t size, unsigned flags);
void* anyctx_alloc_nolock(anyctx_heap* heap, size_t size, unsigned flags);

// Each frees what either allocates. NULL is ignored.
void anyctx_free(anyctx_heap* heap, const void* object);
void anyctx_free_nolock(anyctx_heap* heap, const void* object);

// Freeing what others may still look at. `head` is a word in the object, the only one that is
// written to before all readers are gone that are inside now: RCU readers, or for the second one
// readers of both kinds. The memory is free once somebody called anyctx_poll() or
// anyctx_grace_barrier().
void anyctx_free_rcu_nolock(anyctx_heap* heap, void* head);
void anyctx_free_srcu_nolock(anyctx_heap* heap, void* head);
// Readers nest. The result of a lock goes to its unlock. Readers of SRCU may sleep; none may wait
// for a grace period. Every context.
unsigned anyctx_rcu_read_lock(anyctx_heap* heap);
void anyctx_rcu_read_unlock(anyctx_heap* heap, unsigned token);
unsigned anyctx_srcu_read_lock(anyctx_heap* heap);
void anyctx_srcu_read_unlock(anyctx_heap* heap, unsigned token);
// Returns when all memory passed to a free before is free. Not in a signal handler, not for
// readers.
void anyctx_grace_barrier(anyctx_heap* heap);

// How many bytes of a live object may be used. Every context.
size_t anyctx_usable_size(anyctx_heap* heap, const void* object);
// Whether an address lies in the memory of a heap. Every context.
bool anyctx_owns(const anyctx_heap* heap, const void* address);

// 2^order pages of 4096 bytes, zero, aligned to their size.
void* anyctx_alloc_pages_nolock(anyctx_heap* heap, unsigned order);
void anyctx_free_pages_nolock(anyctx_heap* heap, void* memory, unsigned order);

// Caches of objects of one size. `align` is a power of two, or 0 for that of a pointer. The name
// must outlive the cache. NULL if there is no memory, or no such objects are possible.
anyctx_cache* anyctx_cache_create(anyctx_heap* heap, const char* name, size_t size, size_t align);
// False, with a report, if objects of it are live.
bool anyctx_cache_destroy(anyctx_heap* heap, anyctx_cache* cache);
void* anyctx_cache_alloc(anyctx_heap* heap, anyctx_cache* cache, unsigned flags);
// In a signal handler: anyctx_free_nolock().
void anyctx_cache_free(anyctx_heap* heap, anyctx_cache* cache, void* object);

// What a nolock call could not finish is deferred. Allocations without nolock finish it when they
// run out of cached objects. A thread that makes none calls anyctx_poll() from time to time, or the
// heap runs empty.
// anyctx_barrier() finishes what all threads have deferred.
void anyctx_poll(anyctx_heap* heap);
void anyctx_barrier(anyctx_heap* heap);

// A thread is attached by its first call, and is detached before it ends. One thread too many
// aborts; attach tells it beforehand, with false. Attach: every context. What a detached thread had
// deferred waits for the next thread, or for anyctx_barrier().
bool anyctx_thread_attach(void);
void anyctx_thread_detach(void);

#ifdef __cplusplus
}
#endif

#endif
