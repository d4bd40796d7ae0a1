// Memory from the kernel, for owners of native allocators.
#pragma once

#include <cstddef>

namespace anyctx::machine {

/// Zeros, a whole number of pages, beginning at a multiple of `align` (a power of two, at least a
/// page). Null if the kernel refuses; errno says why. Task context.
std::byte* map_memory(std::size_t size, std::size_t align);
void unmap_memory(std::byte* memory, std::size_t size);

}  // namespace anyctx::machine
