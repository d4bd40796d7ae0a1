// The C interface: a thread sends signals to another one, which allocates all the time. The
// handler allocates and frees with the nolock calls, whatever it interrupted.
#define _POSIX_C_SOURCE 200809L
#include <anyctx/anyctx.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { kWantedHits = 2000, kSecondsOfPatience = 20, kSlots = 64 };

static anyctx_heap* heap;
static volatile sig_atomic_t in_allocator;  // the main thread is inside of a call
static atomic_int runs, hits, refused, damaged;
static atomic_bool stop;

static void on_signal(int number) {
  static struct {
    unsigned char* begin;
    size_t size;
  } slots[kSlots];
  (void)number;
  const int run = atomic_fetch_add(&runs, 1);
  if (in_allocator) atomic_fetch_add(&hits, 1);

  const int i = run % kSlots;
  if (slots[i].begin != NULL && slots[i].begin[slots[i].size - 1] != i) {
    atomic_fetch_add(&damaged, 1);
  }
  anyctx_free_nolock(heap, slots[i].begin);
  slots[i].size = 1 + (size_t)run * 37 % 2000;
  slots[i].begin = anyctx_alloc_nolock(heap, slots[i].size, 0);
  if (slots[i].begin == NULL) {
    atomic_fetch_add(&refused, 1);
  } else {
    memset(slots[i].begin, i, slots[i].size);
  }
}

static void* send_signals(void* thread) {
  const struct timespec pause = {0, 20000};
  while (!atomic_load(&stop)) {
    pthread_kill(*(pthread_t*)thread, SIGUSR1);
    nanosleep(&pause, NULL);
  }
  return NULL;
}

// Allocates or frees one object. False if it does not hold what was put into it.
static bool step(unsigned random) {
  static struct {
    unsigned char* begin;
    size_t size;
  } slots[kSlots];
  const unsigned i = random % kSlots;
  if (slots[i].begin != NULL) {
    const bool good = slots[i].begin[0] == i && slots[i].begin[slots[i].size - 1] == i;
    in_allocator = 1;
    anyctx_free(heap, slots[i].begin);
    in_allocator = 0;
    slots[i].begin = NULL;
    return good;
  }
  slots[i].size = 1 + random / kSlots % 2000;
  in_allocator = 1;
  slots[i].begin = anyctx_alloc(heap, slots[i].size, 0);
  in_allocator = 0;
  if (slots[i].begin == NULL) return false;
  memset(slots[i].begin, (int)i, slots[i].size);
  return true;
}

int main(void) {
  heap = anyctx_heap_create((size_t)16 << 20, 0);
  if (heap == NULL) {
    perror("example: no heap");
    return 1;
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  pthread_t self = pthread_self();
  pthread_t sender;
  if (pthread_create(&sender, NULL, send_signals, &self) != 0) return 1;

  const time_t end = time(NULL) + kSecondsOfPatience;
  unsigned long calls = 0;
  unsigned random = 1;
  while (atomic_load(&hits) < kWantedHits && atomic_load(&damaged) == 0) {
    random = random * 1664525u + 1013904223u;
    if (!step(random >> 8)) atomic_fetch_add(&damaged, 1);
    if (++calls % 10000 == 0 && time(NULL) > end) break;
  }
  atomic_store(&stop, true);
  pthread_join(sender, NULL);

  printf("example: %lu calls, interrupted %d times, %d times inside of the allocator\n", calls,
         atomic_load(&runs), atomic_load(&hits));
  printf("example: %d allocations refused in the handler, %d objects damaged\n",
         atomic_load(&refused), atomic_load(&damaged));
  anyctx_heap_destroy(heap);
  const bool ok = atomic_load(&hits) >= kWantedHits && atomic_load(&damaged) == 0;
  puts(ok ? "example: ok" : "example: FAILED");
  return ok ? 0 : 1;
}
