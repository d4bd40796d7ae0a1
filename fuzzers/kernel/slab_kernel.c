// What the tree's slab allocator calls or finds in the rest of its kernel, by the tree's own
// prototypes, upon our services.
//
// Configured as slab.c.
#define CONFIG_HAVE_ALIGNED_STRUCT_PAGE 1
#define CONFIG_SLUB_DEBUG 1
#define CONFIG_SLAB_FREELIST_HARDENED 1
#undef CONFIG_KVFREE_RCU_BATCHED

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/jump_label.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <mm/internal.h>
#include <mm/slab.h>

#include "fuzzers/kernel/services.h"
#include "fuzzers/kernel/slab.h"
#include "fuzzers/kernel/slab_kernel.h"
#include "fuzzers/kernel/slab_services.h"
#include "inject/kernel/machine.h"

// What is written while programs run lies in sections that are known by their ends, because the
// build names them: it is restored for each program. What has a section of its own is not.
extern char __start_anyctx_slab_data[], __stop_anyctx_slab_data[];
extern char __start_anyctx_slab_bss[], __stop_anyctx_slab_bss[];
#define kept __section("anyctx_slab_kept")

enum { kDataBytes = 8 << 10 };
static char linked_data[kDataBytes] kept;
static bool is_saved kept;

// Frames of the program's memory. Frame 0 is where it begins.
enum { kMostPages = 512 };
static struct page frames[kMostPages] kept;
struct page* mem_map kept = frames;
unsigned long uml_physmem kept;
unsigned long high_physmem kept;
unsigned long max_mapnr kept;
unsigned long task_size kept = 1;

// Each CPU has an area: a copy of what is linked for it, and behind that what is allocated. As in a
// kernel, addresses are those of the linked variables and behind them, and each CPU has its offset.
enum { kAreaBytes = 32 << 10 };
extern char __start_anyctx_slab_percpu[], __stop_anyctx_slab_percpu[];
static char areas[NR_CPUS][kAreaBytes] __aligned(64) kept;
unsigned long __per_cpu_offset[NR_CPUS] kept;
// Pieces of one size, in use or not.
enum { kPieceBytes = 64, kMostPieces = kAreaBytes / kPieceBytes };
static bool is_used[kMostPieces] kept;

struct cpumask __cpu_possible_mask kept;
struct cpumask __cpu_online_mask kept;
struct cpumask __cpu_present_mask kept;
unsigned int nr_cpu_ids kept;
struct cpuinfo_um boot_cpu_data kept = {.cache_alignment = 64};

struct task_struct slab_task;
unsigned long volatile jiffies kept;
gfp_t gfp_allowed_mask kept = ~0;
bool static_key_initialized kept = true;
struct static_key_false init_on_alloc kept;
struct static_key_false init_on_free kept;

static unsigned linked_pieces(void) {
  return DIV_ROUND_UP(__stop_anyctx_slab_percpu - __start_anyctx_slab_percpu, kPieceBytes);
}

static void reset_cpus(unsigned cpus) {
  unsigned cpu, piece;

  nr_cpu_ids = cpus;
  bitmap_fill(cpumask_bits(&__cpu_possible_mask), NR_CPUS);
  bitmap_clear(cpumask_bits(&__cpu_possible_mask), cpus, NR_CPUS - cpus);
  __cpu_online_mask = __cpu_possible_mask;
  __cpu_present_mask = __cpu_possible_mask;
  for (cpu = 0; cpu < cpus; ++cpu) {
    memcpy(areas[cpu], __start_anyctx_slab_percpu,
           __stop_anyctx_slab_percpu - __start_anyctx_slab_percpu);
    __per_cpu_offset[cpu] = areas[cpu] - __start_anyctx_slab_percpu;
  }
  for (piece = 0; piece < kMostPieces; ++piece) is_used[piece] = piece < linked_pieces();
}

void slab_kernel_reset(void* memory, unsigned pages, unsigned cpus) {
  const size_t bytes = __stop_anyctx_slab_data - __start_anyctx_slab_data;
  unsigned page;

  if (bytes > kDataBytes || pages > kMostPages || cpus > NR_CPUS)
    anyctx_warn("more than there is room for", 0);
  if (!is_saved) memcpy(linked_data, __start_anyctx_slab_data, bytes);
  is_saved = true;
  memcpy(__start_anyctx_slab_data, linked_data, bytes);
  memset(__start_anyctx_slab_bss, 0, __stop_anyctx_slab_bss - __start_anyctx_slab_bss);
  slab_task.pid = 1;

  uml_physmem = (unsigned long)memory;
  high_physmem = uml_physmem + ((unsigned long)pages << PAGE_SHIFT);
  max_mapnr = pages;
  memset(frames, 0, pages * sizeof(*frames));
  for (page = 0; page < pages; ++page) atomic_set(&frames[page]._mapcount, -1);
  reset_cpus(cpus);
}

int uml_curr_cpu(void) {
  return anyctx_cpu();
}

unsigned slab_cpu_of(const void* percpu) {
  return ((const char*)percpu - areas[0]) / kAreaBytes;
}

void __percpu* pcpu_alloc_noprof(size_t bytes, size_t align, bool reserved, gfp_t flags) {
  unsigned piece, cpu;

  for (piece = linked_pieces(); piece < kMostPieces && is_used[piece]; ++piece) continue;
  if (piece == kMostPieces || bytes > kPieceBytes || align > kPieceBytes) {
    anyctx_warn("memory per CPU that there is no room for", 0);
    return NULL;
  }
  is_used[piece] = true;
  for (cpu = 0; cpu < nr_cpu_ids; ++cpu) memset(&areas[cpu][piece * kPieceBytes], 0, kPieceBytes);
  return (void __percpu*)(__start_anyctx_slab_percpu + piece * kPieceBytes);
}

void free_percpu(void __percpu* memory) {
  if (memory)
    is_used[((const char __force*)memory - __start_anyctx_slab_percpu) / kPieceBytes] = false;
}

// Pages.

gfp_t slab_gfp(unsigned gfp) {
  gfp_t flags = 0;

  if (gfp & kKernelZero) flags |= __GFP_ZERO;
  if (gfp & kKernelDirectReclaim) flags |= __GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS;
  if (gfp & kKernelKswapdReclaim) flags |= __GFP_KSWAPD_RECLAIM;
  if (gfp & kKernelHigh) flags |= __GFP_HIGH;
  if (gfp & kKernelReclaimable) flags |= __GFP_RECLAIMABLE;
  if (gfp & kKernelNoWarn) flags |= __GFP_NOWARN;
  return flags;
}

static unsigned gfp_of(gfp_t flags) {
  unsigned gfp = 0;

  if (flags & __GFP_ZERO) gfp |= kKernelZero;
  if (flags & __GFP_DIRECT_RECLAIM) gfp |= kKernelDirectReclaim;
  if (flags & __GFP_KSWAPD_RECLAIM) gfp |= kKernelKswapdReclaim;
  if (flags & __GFP_HIGH) gfp |= kKernelHigh;
  if (flags & __GFP_RECLAIMABLE) gfp |= kKernelReclaimable;
  if (flags & __GFP_NOMEMALLOC) gfp |= kKernelNoMemalloc;
  return gfp;
}

struct page* slab_pages_allocate(gfp_t flags, int node, unsigned order, bool may_spin) {
  const uint32_t first = anyctx_slab_pages_allocate(gfp_of(flags), node, order, may_spin);
  struct page* const page = frames + first;
  unsigned i;

  if (first == kKernelNoSlab) return NULL;
  if (order == 0) return page;
  __SetPageHead(page);
  for (i = 1; i < 1u << order; ++i) prep_compound_tail(page + i, page, order);
  prep_compound_head(page, order);
  return page;
}

void slab_pages_release(struct page* page, unsigned order, bool may_spin) {
  unsigned i;

  memset(page, 0, sizeof(*page) << order);
  for (i = 0; i < 1u << order; ++i) atomic_set(&page[i]._mapcount, -1);
  anyctx_slab_pages_release(page - frames, order, may_spin);
}

// No task may dip into reserves.
bool gfp_pfmemalloc_allowed(gfp_t flags) {
  return false;
}

bool is_vmalloc_addr(const void* address) {
  return false;
}

void* memchr_inv(const void* start, int byte, size_t bytes) {
  const unsigned char* at = start;

  // Nearly always all are as they should be: then each is like the next one, which is quick to see.
  if (bytes == 0 || (*at == (unsigned char)byte && memcmp(at, at + 1, bytes - 1) == 0)) return NULL;
  for (; bytes > 0; --bytes, ++at) {
    if (*at != (unsigned char)byte) return (void*)at;
  }
  return NULL;
}

// What is said.

static void report(const char* words) {
  if (strstr(words, "Object corrupt") || strstr(words, "Objects remaining") ||
      strstr(words, "Slab disabled"))
    return;  // a part of what is reported
  if (strstr(words, "already free")) return anyctx_slab_report(kMisuseDoubleFree);
  if (strstr(words, "Invalid object pointer")) return anyctx_slab_report(kMisuseInvalidFree);
  anyctx_warn(words, 0);
}

static void report_bytes(const char* what) {
  anyctx_slab_report(strstr(what, "oison") ? kMisusePoison : kMisuseRedZone);
}

void slab_says(const char* format, ...) {
  va_list args;

  va_start(args, format);
  if (strstr(format, "[%s overwritten]")) {
    report_bytes(va_arg(args, const char*));
  } else if (strstr(format, "BUG %s")) {
    va_arg(args, const char*);
    va_arg(args, const char*);
    report(va_arg(args, const struct va_format*)->fmt);
  }
  va_end(args);
}

void slab_warns(const char* format, ...) {
  va_list args;

  if (strstr(format, "still has objects")) {
    va_start(args, format);
    va_arg(args, const char*);
    anyctx_slab_cache_kept(va_arg(args, const char*));
    va_end(args);
    return;
  }
  if (strstr(format, "different cache") || strstr(format, "not in a slab") ||
      strstr(format, "large_kmalloc is not supported"))
    return anyctx_slab_report(kMisuseInvalidFree);
  anyctx_warn(format, 0);
}

void panic(const char* format, ...) {
  anyctx_warn(format, 0);
  __builtin_trap();
}

void warn_slowpath_fmt(const char* file, const int line, unsigned taint, const char* format, ...) {
  anyctx_warn(file, line);
}

const char* print_tainted(void) {
  return "";
}

void add_taint(unsigned flag, enum lockdep_ok ok) {}
void hash_pointers_finalize(bool slub_debug) {}
void print_hex_dump(const char* level, const char* prefix, int type, int row, int group,
                    const void* bytes, size_t count, bool ascii) {}

// What links of a cache are encoded with: the same in each run.
u64 get_random_u64(void) {
  static u64 last;

  last += 0x9e3779b97f4a7c15;
  return last;
}

// Nothing is said about a lack of memory.
int ___ratelimit(struct ratelimit_state* state, const char* function) {
  return 0;
}

// Nothing waits for a grace period. (Headers call it.)
void rcu_barrier(void) {}

// Of no consequence here.
int __cpuhp_setup_state(enum cpuhp_state state, const char* name, bool invoke,
                        int (*startup)(unsigned cpu), int (*teardown)(unsigned cpu),
                        bool multi_instance) {
  return 0;
}
