#include "lib/machine/mapping.h"

#include <sys/mman.h>

#include <cstdint>

#include "lib/machine/check.h"

namespace anyctx::machine {

std::byte* map_memory(std::size_t size, std::size_t align) {
  // One mapping with room for the alignment, of which both ends are given back.
  void* const mapped =
      ::mmap(nullptr, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (align - reinterpret_cast<std::uintptr_t>(begin) % align) % align;
  if (before != 0) unmap_memory(begin, before);
  if (before != align) unmap_memory(begin + before + size, align - before);
  return begin + before;
}

void unmap_memory(std::byte* memory, std::size_t size) {
  ANYCTX_CHECK(::munmap(memory, size) == 0);
}

}  // namespace anyctx::machine
