// MapOp: operations of maps that an arena has no elements for.
// Source: Linux 7.3 kernel/bpf/arena.c (arena_map_lookup_elem and its neighbours).
#pragma once

#include <cerrno>
#include <cstdint>

namespace anyctx::bpf {

enum class MapOp : std::uint8_t {
  lookup_elem,
  update_elem,
  delete_elem,
  get_next_key,
  push_elem,
  pop_elem,
  peek_elem,
};

/// What an arena answers. Every context.
constexpr int arena_map_op(MapOp op) {
  return op == MapOp::lookup_elem ? -EINVAL : -EOPNOTSUPP;
}

}  // namespace anyctx::bpf
