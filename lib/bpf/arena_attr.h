// ArenaAttr: what the creator of an arena asks for, and which of it is refused.
// Source: Linux 7.3 kernel/bpf/syscall.c and arena.c (arena_map_alloc): conditions and their order.
#pragma once

#include <cerrno>

#include "lib/bpf/arena_layout.h"

namespace anyctx::bpf {

/// Flags of maps; an arena knows some of them.
namespace map_flag {
inline constexpr std::uint32_t numa_node = 1u << 2;
inline constexpr std::uint32_t mmapable = 1u << 10;
inline constexpr std::uint32_t segv_on_fault = 1u << 17;
inline constexpr std::uint32_t no_user_conv = 1u << 18;
}  // namespace map_flag

struct ArenaAttr {
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint64_t max_entries = 0;  // pages
  std::uint32_t map_flags = map_flag::mmapable;
  std::uint64_t map_extra = 0;  // where user space will map it; 0: wherever the first mmap goes
  // What is decided elsewhere.
  bool well_formed = true;   // the checks that are the same for all maps
  bool capable = true;       // CAP_BPF, or a token that grants it
  bool jit_supports = true;  // programs for this CPU can use arenas
  // Pages that one round of an allocation handles; 0: as many pointers as kmalloc_nolock serves.
  std::uint32_t batch_limit = 0;
};

/// 0, or why there is no such arena; the first reason counts.
constexpr int check_arena_attr(const ArenaAttr& attr, unsigned page_shift) {
  if (!attr.well_formed) return -EINVAL;
  if (!attr.capable) return -EPERM;
  if (!attr.jit_supports) return -EOPNOTSUPP;
  if (attr.key_size != 0 || attr.value_size != 0 || attr.max_entries == 0) return -EINVAL;
  const std::uint32_t known = map_flag::mmapable | map_flag::segv_on_fault | map_flag::no_user_conv;
  if ((attr.map_flags & map_flag::mmapable) == 0 || (attr.map_flags & ~known) != 0) return -EINVAL;
  if ((attr.map_extra & ((std::uint64_t{1} << page_shift) - 1)) != 0) return -EINVAL;
  if (attr.max_entries > kArenaSpan >> page_shift) return -E2BIG;
  if (!shares_high_half(attr.map_extra, attr.max_entries << page_shift)) return -ERANGE;
  return 0;
}

}  // namespace anyctx::bpf
