// What the kernel's arena calls: functions of mm/, kernel/locking/ and kernel/bpf/ by the
// prototypes of the tree, with what services give.
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>

#include "fuzzers/kernel/arena.h"
#include "fuzzers/kernel/arena_pte.h"
#include "fuzzers/kernel/arena_services.h"

// More frames than any program's machine has. Only links are kept in them.
static struct page frames[8192];
struct page* mem_map = frames;
unsigned long max_mapnr = ARRAY_SIZE(frames);

// Kernel addresses. An arena that exists has its area; areas do not change.
static struct vm_struct vm_areas[8];

struct vm_struct* get_vm_area(unsigned long size, unsigned long flags) {
  const unsigned long base = anyctx_area_create();
  unsigned i;

  if (!base) return NULL;
  for (i = 0; i < ARRAY_SIZE(vm_areas) && vm_areas[i].addr; ++i)
    if (vm_areas[i].addr == (void*)base) return &vm_areas[i];
  vm_areas[i].addr = (void*)base;
  vm_areas[i].size = size;
  vm_areas[i].flags = flags;
  return &vm_areas[i];
}

void free_vm_area(struct vm_struct* area) {
  anyctx_area_destroy((unsigned long)area->addr);
}

struct page* vmalloc_to_page(const void* address) {
  const uint32_t page = anyctx_leaf_load((unsigned long)address);

  return page == kKernelNoPage ? NULL : pfn_to_page(page);
}

// Tables exist: a walk that only makes them has nothing to do.
int apply_to_page_range(struct mm_struct* mm, unsigned long address, unsigned long size,
                        pte_fn_t fn, void* data) {
  const unsigned long end = address + size;
  int err = 0;

  for (; data && !err && address < end; address += PAGE_SIZE) {
    struct anyctx_leaf_name leaf = {.address = address};

    err = fn(&leaf.pte, address, data);
  }
  return err;
}

// Of tables that have nothing mapped, callbacks want to know nothing.
int apply_to_existing_page_range(struct mm_struct* mm, unsigned long address, unsigned long size,
                                 pte_fn_t fn, void* data) {
  const unsigned long end = address + size;
  int err = 0;

  for (address = anyctx_leaf_next(address, end); !err && address < end;
       address = anyctx_leaf_next(address + PAGE_SIZE, end)) {
    struct anyctx_leaf_name leaf = {.address = address};

    err = fn(&leaf.pte, address, data);
  }
  return err;
}

struct mm_struct init_mm;

void __free_pages(struct page* page, unsigned int order) {
  anyctx_page_release(page_to_pfn(page), false);
}

void free_pages_nolock(struct page* page, unsigned int order) {
  anyctx_page_release(page_to_pfn(page), true);
}

void mutex_lock(struct mutex* mutex) {
  anyctx_mutex_lock(mutex);
}

void mutex_unlock(struct mutex* mutex) {
  anyctx_mutex_unlock(mutex);
}

// A file whose process is known.
struct asking_file {
  struct file file;
  void* mm;
};

unsigned long mm_get_unmapped_area(struct file* file, unsigned long address, unsigned long length,
                                   unsigned long pgoff, unsigned long flags) {
  void* const mm = container_of(file, struct asking_file, file)->mm;

  return anyctx_mm_find_hole(mm, address, length, flags & MAP_FIXED);
}

long anyctx_arena_get_unmapped_area(struct bpf_map* map, void* mm, uint64_t address,
                                    uint64_t length, uint64_t pgoff, bool fixed) {
  struct asking_file asking = {.file = {.private_data = map}, .mm = mm};

  return arena_map_ops.map_get_unmapped_area(&asking.file, address, length, pgoff,
                                             MAP_SHARED | (fixed ? MAP_FIXED : 0));
}

// Files of maps: one for each mapping, behind it.
struct mapping {
  struct vm_area_struct vma;
  struct file file;
};

size_t anyctx_vma_bytes(void) {
  return sizeof(struct mapping);
}

void anyctx_vma_init(struct vm_area_struct* vma, void* mm, uint64_t start, uint64_t end,
                     uint64_t pgoff, struct bpf_map* map) {
  struct mapping* const mapping = container_of(vma, struct mapping, vma);

  memset(mapping, 0, sizeof(*mapping));
  mapping->file.private_data = map;
  vma->vm_mm = mm;
  vma->vm_start = start;
  vma->vm_end = end;
  vma->vm_pgoff = pgoff;
  vma->vm_file = &mapping->file;
}

bool anyctx_vma_is_copied(const struct vm_area_struct* vma) {
  return !(vma->vm_flags & VM_DONTCOPY);
}

// Maps.
void bpf_map_init_from_attr(struct bpf_map* map, union bpf_attr* attr) {
  map->map_type = attr->map_type;
  map->key_size = attr->key_size;
  map->value_size = attr->value_size;
  map->max_entries = attr->max_entries;
  map->map_flags = attr->map_flags;
  map->map_extra = attr->map_extra;
  map->numa_node = NUMA_NO_NODE;
}

bool bpf_map_meta_equal(const struct bpf_map* one, const struct bpf_map* other) {
  return one == other;
}

bool bpf_jit_supports_arena(void) {
  return true;
}

// The program that faults: whoever lets it fault says which arena it has.
static struct bpf_prog_aux faulting_aux;
static struct bpf_prog faulting_program;

struct bpf_prog* bpf_prog_find_from_stack(void) {
  return &faulting_program;
}

bool anyctx_arena_handle_fault(struct bpf_map* map, uint64_t address) {
  faulting_aux.arena = (struct bpf_arena*)map;
  faulting_aux.main_prog_aux = &faulting_aux;
  faulting_aux.prog = &faulting_program;
  faulting_program.aux = &faulting_aux;
  return bpf_arena_handle_page_fault(address, false, 0);
}

void bpf_stream_stage_init(struct bpf_stream_stage* stage) {}

void bpf_stream_stage_free(struct bpf_stream_stage* stage) {}

int bpf_stream_stage_printk(struct bpf_stream_stage* stage, const char* format, ...) {
  return 0;
}

int bpf_stream_stage_dump_stack(struct bpf_stream_stage* stage) {
  return 0;
}

int bpf_stream_stage_commit(struct bpf_stream_stage* stage, struct bpf_prog* program,
                            enum bpf_stream_id id) {
  return 0;
}
