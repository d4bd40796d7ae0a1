// MemAllocBed: a bpf_mem_alloc on the slab machine, and what its caches hold.
#pragma once

#include <map>
#include <set>

#include "lib/bpf/mem_alloc.h"
#include "tests/unit/slab_bed.h"

namespace anyctx::test {

class MemAllocBed : public SlabBed {
 protected:
  using Alloc = bpf::MemAlloc<M>;
  using Place = bpf::MemCache<M>::Place;

  MemAllocBed() { init(); }
  ~MemAllocBed() override {
    settle();
    mem.destroy();
    settle();
    expect_nothing_live();
  }

  bpf::MemCacheEnv<M> env(bpf::MemDestructor destructor = {}) {
    return {&slabs, &grace, destructor};
  }
  void create(std::uint32_t size = 0) { ASSERT_EQ(mem.create(env(), size), 0); }

  /// Never waits.
  void* take(std::size_t size) {
    const bool outer = std::exchange(script().nolock, true);
    void* const object = mem.alloc(size);
    script().nolock = outer;
    return object;
  }
  void give(void* object) {
    const bool outer = std::exchange(script().nolock, true);
    mem.free(object);
    script().nolock = outer;
  }
  void give_rcu(void* object) {
    const bool outer = std::exchange(script().nolock, true);
    mem.free_rcu(object);
    script().nolock = outer;
  }

  /// Runs what was raised and waits in workers, but ends no wait.
  static void settle() {
    for (int i = 0; i < 16; ++i) {
      M::deliver();
      for (machine::IrqLine* line : std::exchange(script().works, {})) line->run(line);
    }
  }

  const bpf::MemCache<M>& cache(std::size_t size, unsigned cpu = 0) {
    return mem.peek_cache(mem.peek_index(size), cpu);
  }
  std::map<Place, std::set<const void*>> places(std::size_t size, unsigned cpu = 0) {
    std::map<Place, std::set<const void*>> found;
    cache(size, cpu).peek_each([&](Place place, const void* header) {
      const bool is_new =
          found[place].insert(static_cast<const std::byte*>(header) + bpf::kMemHeader).second;
      EXPECT_TRUE(is_new);
    });
    EXPECT_EQ(cache(size, cpu).peek_count(), found[Place::free].size());
    return found;
  }
  bool is_in(Place place, const void* object, std::size_t size, unsigned cpu = 0) {
    return places(size, cpu)[place].contains(object);
  }

  Alloc mem;
};

}  // namespace anyctx::test
