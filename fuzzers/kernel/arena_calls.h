// The functions of arena.h. Part of the unit arena.c, behind the tree's source: its functions and
// structures are static.
#pragma once

static struct bpf_arena* arena_of(struct bpf_map* map) {
  return container_of(map, struct bpf_arena, map);
}

int anyctx_arena_create(const struct anyctx_arena_attributes* attributes, struct bpf_map** map) {
  union bpf_attr attr = {};
  struct bpf_map* created;

  attr.map_type = BPF_MAP_TYPE_ARENA;
  attr.key_size = attributes->key_size;
  attr.value_size = attributes->value_size;
  attr.max_entries = attributes->max_entries;
  attr.map_flags = attributes->map_flags;
  attr.map_extra = attributes->map_extra;
  created = arena_map_ops.map_alloc(&attr);
  if (IS_ERR(created)) return PTR_ERR(created);
  *map = created;
  return 0;
}

void anyctx_arena_free(struct bpf_map* map) {
  arena_map_ops.map_free(map);
}

int anyctx_arena_op(struct bpf_map* map, unsigned op) {
  uint64_t word = 0;

  switch (op) {
    case 0:
      return PTR_ERR(arena_map_ops.map_lookup_elem(map, &word));
    case 1:
      return arena_map_ops.map_update_elem(map, &word, &word, 0);
    case 2:
      return arena_map_ops.map_delete_elem(map, &word);
    case 3:
      return arena_map_ops.map_get_next_key(map, &word, &word);
    case 4:
      return arena_map_ops.map_push_elem(map, &word, 0);
    case 5:
      return arena_map_ops.map_pop_elem(map, &word);
    default:
      return arena_map_ops.map_peek_elem(map, &word);
  }
}

int anyctx_arena_direct_value(struct bpf_map* map, uint32_t offset, uint64_t* address) {
  return arena_map_ops.map_direct_value_addr(map, address, offset);
}

uint64_t anyctx_arena_mem_usage(struct bpf_map* map) {
  return arena_map_ops.map_mem_usage(map);
}

uint64_t anyctx_arena_alloc_pages(struct bpf_map* map, uint64_t address, uint32_t count, int node,
                                  uint64_t flags, bool sleepable) {
  void* const at = (void*)address;

  return (uint64_t)(sleepable ? bpf_arena_alloc_pages_sleepable(map, at, count, node, flags)
                              : bpf_arena_alloc_pages_non_sleepable(map, at, count, node, flags));
}

void anyctx_arena_free_pages(struct bpf_map* map, uint64_t pointer, uint32_t count,
                             bool sleepable) {
  if (sleepable)
    bpf_arena_free_pages(map, (void*)pointer, count);
  else
    bpf_arena_free_pages_non_sleepable(map, (void*)pointer, count);
}

int anyctx_arena_reserve_pages(struct bpf_map* map, uint64_t pointer, uint32_t count) {
  return bpf_arena_reserve_pages(map, (void*)pointer, count);
}

void anyctx_arena_run_irq_work(struct bpf_map* map) {
  arena_free_irq(&arena_of(map)->free_irq);
}

void anyctx_arena_run_work(struct bpf_map* map) {
  arena_free_worker(&arena_of(map)->free_work);
}

int anyctx_arena_mmap(struct bpf_map* map, struct vm_area_struct* vma) {
  return arena_map_ops.map_mmap(map, vma);
}

void anyctx_arena_vm_open(struct vm_area_struct* vma) {
  vma->vm_ops->open(vma);
}

void anyctx_arena_vm_close(struct vm_area_struct* vma) {
  vma->vm_ops->close(vma);
}

enum anyctx_fault anyctx_arena_fault(struct vm_area_struct* vma, uint64_t address, uint64_t pgoff,
                                     bool write, uint32_t* page) {
  struct vm_fault fault = {
      .vma = vma,
      .pgoff = pgoff,
      .address = address,
      .flags = write ? FAULT_FLAG_WRITE : 0,
  };
  const vm_fault_t result = vma->vm_ops->fault(&fault);

  if (result & VM_FAULT_SIGSEGV) return kFaultSigsegv;
  if (result & (VM_FAULT_SIGBUS | VM_FAULT_OOM)) return kFaultSigbus;
  if (result & (VM_FAULT_NOPAGE | VM_FAULT_RETRY)) return kFaultAgain;
  *page = page_to_pfn(fault.page);
  return kFaultPage;
}

size_t anyctx_arena_bytes(void) {
  return sizeof(struct bpf_arena);
}

size_t anyctx_arena_zap_mutex_offset(void) {
  return offsetof(struct bpf_arena, zap_mutex);
}

size_t anyctx_arena_span_bytes(void) {
  return sizeof(struct arena_free_span);
}

uint32_t anyctx_arena_max_entries(struct bpf_map* map) {
  return map->max_entries;
}

void anyctx_arena_window(struct bpf_map* map, uint64_t* start, uint64_t* end) {
  *start = arena_of(map)->user_vm_start;
  *end = arena_of(map)->user_vm_end;
}

uint64_t anyctx_arena_kernel_start(struct bpf_map* map) {
  return bpf_arena_get_kern_vm_start(arena_of(map));
}

uint32_t anyctx_arena_scratch_page(struct bpf_map* map) {
  return page_to_pfn(arena_of(map)->scratch_page);
}

struct range_tree* anyctx_arena_tree(struct bpf_map* map) {
  return &arena_of(map)->rt;
}

bool anyctx_arena_counter(struct bpf_map* map, uint64_t* pages) {
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
  *pages = arena_of(map)->nr_pages;
  return true;
#else
  return false;
#endif
}

void anyctx_arena_visit_spans(struct bpf_map* map,
                              void (*visit)(void* to, uint64_t address, uint32_t pages), void* to) {
  struct arena_free_span* span;

  llist_for_each_entry(span, arena_of(map)->free_spans.first, node)
      visit(to, span->uaddr, span->page_cnt);
}

void anyctx_arena_visit_vmas(struct bpf_map* map,
                             void (*visit)(void* to, uint64_t start, uint64_t end), void* to) {
  struct vma_list* entry;

  list_for_each_entry(entry, &arena_of(map)->vma_list, head)
      visit(to, entry->vma->vm_start, entry->vma->vm_end);
}
