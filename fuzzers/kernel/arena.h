// The kernel's arena by its own functions, and what oracles see of it. The unit arena.c is the
// tree's kernel/bpf/arena.c and the functions below; arena_kernel.c is what that calls.
#pragma once

#ifdef __cplusplus
#include <cstddef>
#include <cstdint>
extern "C" {
#else
#include <linux/types.h>
#endif

struct bpf_map;
struct range_tree;
struct vm_area_struct;

enum { kKernelNoPage = 0xffffffffu };

struct anyctx_arena_attributes {
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t map_flags;
  uint64_t map_extra;
};

// The map. Errors are negative.
int anyctx_arena_create(const struct anyctx_arena_attributes* attributes, struct bpf_map** map);
void anyctx_arena_free(struct bpf_map* map);
int anyctx_arena_op(struct bpf_map* map, unsigned op);  // 0..6: lookup, update, remove, ...
int anyctx_arena_direct_value(struct bpf_map* map, uint32_t offset, uint64_t* address);
uint64_t anyctx_arena_mem_usage(struct bpf_map* map);

// Functions for programs.
uint64_t anyctx_arena_alloc_pages(struct bpf_map* map, uint64_t address, uint32_t count, int node,
                                  uint64_t flags, bool sleepable);
void anyctx_arena_free_pages(struct bpf_map* map, uint64_t pointer, uint32_t count, bool sleepable);
int anyctx_arena_reserve_pages(struct bpf_map* map, uint64_t pointer, uint32_t count);
bool anyctx_arena_handle_fault(struct bpf_map* map, uint64_t address);

// What was deferred.
void anyctx_arena_run_irq_work(struct bpf_map* map);
void anyctx_arena_run_work(struct bpf_map* map);

// Processes. `mm` is a process, as services know it.
size_t anyctx_vma_bytes(void);
void anyctx_vma_init(struct vm_area_struct* vma, void* mm, uint64_t start, uint64_t end,
                     uint64_t pgoff, struct bpf_map* map);
bool anyctx_vma_is_copied(const struct vm_area_struct* vma);  // to a process that forks
long anyctx_arena_get_unmapped_area(struct bpf_map* map, void* mm, uint64_t address,
                                    uint64_t length, uint64_t pgoff, bool fixed);
int anyctx_arena_mmap(struct bpf_map* map, struct vm_area_struct* vma);
void anyctx_arena_vm_open(struct vm_area_struct* vma);
void anyctx_arena_vm_close(struct vm_area_struct* vma);
enum anyctx_fault { kFaultPage, kFaultSigsegv, kFaultSigbus, kFaultAgain };
enum anyctx_fault anyctx_arena_fault(struct vm_area_struct* vma, uint64_t address, uint64_t pgoff,
                                     bool write, uint32_t* page);

// For oracles.
size_t anyctx_arena_bytes(void);
size_t anyctx_arena_zap_mutex_offset(void);
size_t anyctx_arena_span_bytes(void);
uint32_t anyctx_arena_max_entries(struct bpf_map* map);
void anyctx_arena_window(struct bpf_map* map, uint64_t* start, uint64_t* end);
uint64_t anyctx_arena_kernel_start(struct bpf_map* map);
uint32_t anyctx_arena_scratch_page(struct bpf_map* map);
struct range_tree* anyctx_arena_tree(struct bpf_map* map);
// How many pages it says it has; false: this version does not count.
bool anyctx_arena_counter(struct bpf_map* map, uint64_t* pages);
void anyctx_arena_visit_spans(struct bpf_map* map,
                              void (*visit)(void* to, uint64_t address, uint32_t pages), void* to);
void anyctx_arena_visit_vmas(struct bpf_map* map,
                             void (*visit)(void* to, uint64_t start, uint64_t end), void* to);

#ifdef __cplusplus
}
#endif
