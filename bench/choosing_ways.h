// Four ways to have memory in every context, natively: for choosing-bench. Each has alloc() and
// free(), legal in signal handlers, and settle(), which does what they left to do; all memory is
// that of one heap.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "lib/bpf/mem_alloc.h"
#include "lib/bpf/percpu_freelist.h"
#include "lib/native/anyctx/heap.h"
#include "lib/page/census.h"
#include "lib/slab/cache_pair.h"

namespace anyctx::bench {

using machine::Native;

inline constexpr std::uint32_t kElements = 10'000;
inline constexpr std::size_t kPage = 4096;

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "choosing-bench: %s\n", what);
  std::exit(1);
}

/// The heap of a way, and how much of it is in use.
class Ground {
 public:
  Ground() : heap_(Heap::create(std::size_t{64} << 20, options())) {
    require(heap_ != nullptr, "no memory");
    free_at_first_ = free_pages();
  }
  Heap& heap() { return *heap_; }
  std::size_t held() const {
    return static_cast<std::size_t>(free_at_first_ - free_pages()) * kPage;
  }

 private:
  static Heap::Options options() {
    Heap::Options options;
    options.slab = {};
    options.populate = true;
    return options;
  }
  std::int64_t free_pages() const {
    const page::Census census = page::take_census(heap_->pages());
    return census.buddy + census.pcp + census.parked;
  }

  Heap::Owner heap_;
  std::int64_t free_at_first_ = 0;
};

/// All elements and one more per CPU, as a preallocated hash table has them.
class Preallocated {
 public:
  static constexpr const char* kName = "preallocated, per-CPU lists";

  explicit Preallocated(std::size_t size) : size_(size) {
    block_ = std::aligned_alloc(kPage, bytes());
    require(block_ != nullptr, "no memory");
    list_.init(cpus_);
    list_.populate(block_, size_, kElements);
  }
  ~Preallocated() { std::free(block_); }

  void* alloc() { return list_.pop(); }
  void free(void* element) { list_.push(static_cast<bpf::FreelistNode*>(element)); }
  void settle() {}
  std::size_t held() const { return bytes(); }

 private:
  /// In whole pages, as an area of the kernel's.
  std::size_t bytes() const {
    const std::size_t all = (kElements + Native::kMaxCpus) * size_;
    return (all + kPage - 1) / kPage * kPage;
  }

  const std::size_t size_;
  sync::RqCpus<Native> cpus_;
  bpf::PercpuFreelist<Native> list_;
  void* block_ = nullptr;
};

class MemAllocated {
 public:
  static constexpr const char* kName = "bpf_mem_alloc";

  explicit MemAllocated(std::size_t size) : size_(size) {
    Heap& heap = ground_.heap();
    const int error =
        mem_.create({&heap.slabs(), &heap.grace(), {}}, static_cast<std::uint32_t>(size));
    require(error == 0, "no bpf_mem_alloc");
  }
  ~MemAllocated() {
    settle();
    mem_.destroy();
  }

  void* alloc() { return mem_.alloc(size_); }
  void free(void* element) { mem_.free(element); }
  /// What the irq_work does, which comes as soon as interrupts are on again; and what waits for
  /// grace periods goes.
  void settle() {
    refill();
    ground_.heap().grace().rcu.barrier();
    ground_.heap().grace().srcu.barrier();
    ground_.heap().barrier();
  }
  void refill() { mem_.poll(); }
  std::size_t held() const { return ground_.held(); }

 private:
  const std::size_t size_;
  Ground ground_;
  bpf::MemAlloc<Native> mem_;
};

class Nolock {
 public:
  static constexpr const char* kName = "kmalloc_nolock";

  explicit Nolock(std::size_t size) : size_(size) {}

  void* alloc() { return ground_.heap().kmalloc_nolock(size_); }
  void free(void* element) { ground_.heap().kfree_nolock(element); }
  void settle() { ground_.heap().barrier(); }
  std::size_t held() const { return ground_.held(); }

 private:
  const std::size_t size_;
  Ground ground_;
};

/// A cache of its own and one that stands in for it; readers of RCU may look at freed elements.
class Typesafe {
 public:
  static constexpr const char* kName = "typesafe caches";

  explicit Typesafe(std::size_t size) {
    slab::CacheConfig config;
    config.name = "element";
    config.size = static_cast<std::uint32_t>(size);
    config.flags = slab::CacheFlags::typesafe_by_rcu;
    require(pair_.create(ground_.heap().slabs(), config), "no caches");
  }
  ~Typesafe() {
    settle();
    static_cast<void>(pair_.destroy());
  }

  void* alloc() { return pair_.alloc_nolock(Gfp::none); }
  void free(void* element) { ground_.heap().kfree_nolock(element); }
  void settle() {
    ground_.heap().barrier();
    ground_.heap().grace().rcu.barrier();
  }
  std::size_t held() const { return ground_.held(); }

 private:
  Ground ground_;
  slab::CachePair<Native> pair_;
};

}  // namespace anyctx::bench
