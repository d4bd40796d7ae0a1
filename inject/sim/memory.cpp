#include "inject/sim/memory.h"

#include <sys/mman.h>

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
    : mapping_bytes_(round_up(bytes, 64 << 10) + kAlignment),
      bytes_(round_up(bytes, 64 << 10)),
      touched_(bytes_ / kBlock),
      hidden_(bytes_ / kBlock) {
  void* mapping = ::mmap(nullptr, mapping_bytes_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  const auto start = reinterpret_cast<std::uintptr_t>(mapping_);
  base_ = mapping_ + (round_up(start, kAlignment) - start);
  std::memset(base_, kDirt, bytes_);
}

Memory::~Memory() {
  machine::raw::mark_used(base_, bytes_);
  ::munmap(mapping_, mapping_bytes_);
}

void Memory::BlockSet::add(std::size_t first, std::size_t last) {
  for (std::size_t block = first; block <= last && block < contains.size(); ++block) {
    if (contains[block] != 0) continue;
    contains[block] = 1;
    list.push_back(static_cast<std::uint32_t>(block));
  }
}

void Memory::BlockSet::clear() {
  for (const std::uint32_t block : list) contains[block] = 0;
  list.clear();
}

void Memory::add(BlockSet& set, const void* p, std::size_t n) {
  if (n == 0 || !contains(p)) return;
  const Unwatched unwatched;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_);
  set.add(offset / kBlock, (offset + n - 1) / kBlock);
}

void Memory::touch(const void* p, std::size_t n) {
  add(touched_, p, n);
}

void Memory::hide(const void* p, std::size_t n) {
  if constexpr (machine::raw::kAsan) add(hidden_, p, n);
  if (watch_ != nullptr) watch_->hidden(p, n);
}

void Memory::reset() {
  // One by one: where a range is large, ASan gives its shadow back to the kernel, and every byte of
  // it costs a page fault afterwards.
  for (const std::uint32_t block : hidden_.list) {
    machine::raw::mark_used(base_ + block * kBlock, kBlock);
  }
  hidden_.clear();
  for (const std::uint32_t block : touched_.list) {
    std::memset(base_ + block * kBlock, kDirt, kBlock);
  }
  touched_.clear();
}

}  // namespace anyctx::inject
