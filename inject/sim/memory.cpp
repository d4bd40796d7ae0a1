#include "inject/sim/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "inject/sim/unwatched.h"
#include "lib/machine/raw.h"

namespace anyctx::inject {
namespace {

constexpr std::size_t kAlignment = std::size_t{4} << 20;

std::size_t round_up(std::size_t n, std::size_t to) {
  return (n + to - 1) / to * to;
}

}  // namespace

Memory::Memory(std::size_t bytes)
    : mapping_bytes_(round_up(bytes, 64 << 10) + kAlignment), bytes_(round_up(bytes, 64 << 10)) {
  void* mapping = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  const auto start = reinterpret_cast<std::uintptr_t>(mapping_);
  base_ = mapping_ + (round_up(start, kAlignment) - start);
  std::memset(base_, kDirt, bytes_);
  touched_.assign(bytes_ / kBlock, 0);
  touched_blocks_.reserve(bytes_ / kBlock);
}

Memory::~Memory() {
  machine::raw::mark_used(base_, bytes_);
  ::munmap(mapping_, mapping_bytes_);
}

void Memory::touch(const void* p, std::size_t n) {
  if (n == 0 || !contains(p)) return;
  const Unwatched unwatched;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_);
  const std::size_t last = (offset + n - 1) / kBlock;
  for (std::size_t block = offset / kBlock; block <= last && block < touched_.size(); ++block) {
    if (touched_[block] != 0) continue;
    touched_[block] = 1;
    touched_blocks_.push_back(static_cast<std::uint32_t>(block));
  }
}

void Memory::hide(const void* p, std::size_t n) {
  if (n == 0 || !contains(p)) return;
  const Unwatched unwatched;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_);
  hidden_end_ = std::max(hidden_end_, std::min(offset + n, bytes_));
}

void Memory::reset() {
  machine::raw::mark_used(base_, hidden_end_);
  hidden_end_ = 0;
  for (const std::uint32_t block : touched_blocks_) {
    std::memset(base_ + block * kBlock, kDirt, kBlock);
    touched_[block] = 0;
  }
  touched_blocks_.clear();
}

}  // namespace anyctx::inject
