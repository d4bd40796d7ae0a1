// Sheaves: a slab allocator with sheaves, and objects that a test has of it.
#pragma once

#include <algorithm>

#include "tests/unit/slab_bed.h"

namespace anyctx::test {

inline constexpr slab::Config kSheaves{.encoded_freelist = true, .design = slab::Design::sheaves};

struct Sheaves : SlabBed {
  static constexpr std::size_t kSize = 4096;  // sheaves of 4, slabs of 8
  static constexpr unsigned kCapacity = 4;

  Sheaves() { init(kSheaves); }
  ~Sheaves() override {
    hooks().before = nullptr;
    hooks().has_cas2 = true;
    script().fail = nullptr;
    script().rt = false;
    script().cpu = 0;
    for (void* const object : kept) slabs.kfree(object);
    if (!leaks_cache) expect_nothing_live();
  }

  void* keep(void* object) {
    EXPECT_NE(object, nullptr);
    EXPECT_EQ(std::ranges::count(kept, object), 0) << "handed out twice";
    if (object != nullptr) kept.push_back(object);
    return object;
  }
  void keep_many(unsigned count) {
    for (unsigned i = 0; i < count; ++i) keep(alloc(kSize));
  }
  void* drop() {
    void* const object = kept.back();
    kept.pop_back();
    return object;
  }
  void free_many(unsigned count) {
    for (unsigned i = 0; i < count; ++i) slabs.kfree(drop());
  }
  /// This CPU's main and spare sheaves and so many in the barn are full.
  void fill(unsigned in_barn) {
    const unsigned count = (in_barn + 2) * kCapacity;
    keep_many(count + kCapacity);
    slabs.kmem_cache_shrink(&cache());
    free_many(count);
    ASSERT_EQ(main().size.peek(), kCapacity);
    ASSERT_EQ(spare()->size.peek(), kCapacity);
    ASSERT_EQ(barn().peek_full(), in_barn);
  }

  CacheType& cache() { return bucket(kSize); }
  const slab::Sheaf<M>& main() { return *cache().sheaves().of(script().cpu).main.peek(); }
  const slab::Sheaf<M>* spare() { return cache().sheaves().of(script().cpu).spare.peek(); }
  const slab::Barn<M>& barn(unsigned node = 0) { return cache().barn(node); }
  std::int64_t in_sheaves() { return census(cache()).free_in_sheaves; }
  std::int64_t sheaves() {
    std::int64_t count = 0;
    slab::for_each_sheaf(slabs, cache(), [&](const slab::Sheaf<M>&) { ++count; });
    return count;
  }
  std::vector<void*> kept;
  bool leaks_cache = false;  // its structure stays in use
};

}  // namespace anyctx::test
