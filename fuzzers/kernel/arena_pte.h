// Leaves of the kernel's page table as pte_t: for units in C. Whoever walks a table hands callbacks
// a LeafName; what they do to it happens to the leaf itself, at once.
#pragma once

#include <linux/mm.h>
#include <linux/pgtable.h>

#include "fuzzers/kernel/arena.h"
#include "fuzzers/kernel/arena_services.h"

struct anyctx_leaf_name {
  pte_t pte;  // not used: what callbacks point to
  unsigned long address;
};

static inline unsigned long anyctx_address_of(pte_t* ptep) {
  return container_of(ptep, struct anyctx_leaf_name, pte)->address;
}

static inline pte_t anyctx_pte_of(uint32_t page) {
  return page == kKernelNoPage ? __pte(0) : mk_pte(pfn_to_page(page), PAGE_KERNEL);
}

static inline pte_t anyctx_ptep_get(pte_t* ptep) {
  return anyctx_pte_of(anyctx_leaf_load(anyctx_address_of(ptep)));
}

static inline bool anyctx_ptep_try_set(pte_t* ptep, pte_t pte) {
  return anyctx_leaf_install(anyctx_address_of(ptep), page_to_pfn(pte_page(pte)));
}

static inline pte_t anyctx_ptep_get_and_clear(pte_t* ptep) {
  return anyctx_pte_of(anyctx_leaf_clear(anyctx_address_of(ptep)));
}
