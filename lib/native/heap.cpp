// Where everything lies in the one mapping: memory, Heap, descriptors of pages and of slabs, bits
// of deferred objects.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "lib/machine/mapping.h"
#include "lib/native/anyctx/heap.h"

namespace anyctx {
namespace {

using machine::Native;

constexpr unsigned kPageShift = 12;
constexpr std::size_t kPage = std::size_t{1} << kPageShift;
constexpr std::size_t kLargestBlock = kPage << page::kMaxOrder;
constexpr std::size_t kMaxBytes = std::size_t{1} << 46;  // no sum of sizes overflows

constexpr std::size_t rounded_up(std::size_t size, std::size_t unit) {
  return (size + unit - 1) / unit * unit;
}

/// Takes one thing after the other from a piece of memory.
class Cursor {
 public:
  explicit Cursor(std::byte* at = nullptr) : at_(at) {}

  template <class T>
  std::byte* take(std::size_t count) {
    taken_ = rounded_up(taken_, alignof(T));
    std::byte* const place = at_ == nullptr ? nullptr : at_ + taken_;
    taken_ += count * sizeof(T);
    return place;
  }
  template <class T>
  std::span<T> construct(std::size_t count) {
    auto* const first = reinterpret_cast<T*>(take<T>(count));
    std::uninitialized_value_construct_n(first, count);
    return {first, count};
  }
  std::size_t taken() const { return taken_; }

 private:
  std::byte* const at_;
  std::size_t taken_ = 0;
};

using PageOf = page::Page<Native>;
using SlabOf = slab::Slab<Native>;
using WordOf = slab::DeferredWord<Native>;

std::size_t size_of_descriptors(std::size_t page_count) {
  Cursor cursor;
  cursor.take<Heap>(1);
  cursor.take<PageOf>(page_count);
  cursor.take<SlabOf>(page_count);
  cursor.take<WordOf>(slab::deferred_words(page_count, kPageShift));
  return cursor.taken();
}

}  // namespace

Heap::Heap(std::byte* memory, std::size_t page_count, std::size_t mapped)
    : memory_(memory), page_count_(page_count), mapped_(mapped) {}

Heap::Owner Heap::create(std::size_t bytes, const Options& options) {
  if (bytes > kMaxBytes) {
    errno = ENOMEM;
    return nullptr;
  }
  const std::size_t size = rounded_up(std::max(bytes, kMinBytes), kPage);
  const std::size_t page_count = size >> kPageShift;
  const std::size_t mapped = rounded_up(size + size_of_descriptors(page_count), kPage);
  std::byte* const memory = machine::map_memory(mapped, kLargestBlock);
  if (memory == nullptr) return nullptr;
  if (options.populate) std::memset(memory, 0, mapped);

  Cursor cursor(memory + size);
  auto* const heap = new (cursor.take<Heap>(1)) Heap(memory, page_count, mapped);
  page::Config config;
  config.base = memory;
  config.page_count = page_count;
  config.page_shift = kPageShift;
  heap->pages_.init(config, cursor.construct<PageOf>(page_count));
  const auto slabs = cursor.construct<SlabOf>(page_count);
  const auto words = cursor.construct<WordOf>(slab::deferred_words(page_count, kPageShift));
  heap->grace_.init();
  heap->slabs_.init(heap->pages_, heap->grace_, options.slab, slabs, words);
  heap->slabs_.give_sheaves();
  return Owner(heap);
}

void Heap::Destroy::operator()(Heap* heap) const {
  std::byte* const memory = heap->memory_;
  const std::size_t mapped = heap->mapped_;
  Native::mark_used(memory, heap->page_count_ << kPageShift);
  heap->~Heap();
  machine::unmap_memory(memory, mapped);
}

}  // namespace anyctx
