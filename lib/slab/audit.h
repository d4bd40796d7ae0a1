// Audit: checks the structure of a slab allocator. For oracles: const, no decision points.
// Meaningful while no operation is in progress.
#pragma once

#include "lib/slab/census.h"

namespace anyctx::slab {

/// Each check notes what is wrong; the first note wins.
template <machine::Machine M>
class Audit {
 public:
  explicit Audit(const SlabAllocator<M>& allocator) : allocator_(allocator) {}

  /// Empty if nothing is wrong.
  std::string_view run() {
    check_ends();
    if (!wrong_.empty()) return wrong_;
    for_each_slab(allocator_, [&](const Slab<M>& slab) { check_slab(slab); });
    const Cache<M>* cache = allocator_.first_cache();
    for (; cache != nullptr; cache = cache->next_cache) {
      check_cache(*cache);
      if (allocator_.design() == Design::sheaves) check_sheaves(*cache);
    }
    check_deferred();
    return wrong_;
  }

 private:
  void expect(bool condition, std::string_view what) {
    if (!condition && wrong_.empty()) wrong_ = what;
  }

  /// The checks after this one walk lists to their end.
  void check_ends() {
    const auto ends = [&](const Slab<M>* slab, Slab<M>* Slab<M>::*link) {
      std::size_t left = allocator_.source().slabs().size();
      while (slab != nullptr && left != 0) {
        slab = slab->*link;
        --left;
      }
      expect(slab == nullptr, "list of slabs does not end");
    };
    for (const Cache<M>* cache = allocator_.first_cache(); cache != nullptr;
         cache = cache->next_cache) {
      for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
        ends(cache->cpus().of(cpu).partial.peek(), &Slab<M>::chain);
      }
      for (unsigned node = 0; node < page::kMaxNodes; ++node) {
        ends(cache->node(node).partial().first(), &Slab<M>::next);
        ends(cache->node(node).full().first(), &Slab<M>::next);
      }
    }
  }

  /// How many places hold a slab, and which.
  struct Places {
    unsigned cpu = 0;
    unsigned chain = 0;
    unsigned partial = 0;
    unsigned full = 0;
    unsigned displaced = 0;
    unsigned sum() const { return cpu + chain + partial + full + displaced; }
  };

  Places places_of(const Slab<M>& slab) const {
    Places places;
    const Cache<M>& cache = *slab.cache;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      if (cache.cpus().of(cpu).slab.peek() == &slab) ++places.cpu;
      const Slab<M>* link = cache.cpus().of(cpu).partial.peek();
      for (; link != nullptr; link = link->chain) places.chain += link == &slab ? 1 : 0;
    }
    const Node<M>& node = cache.node(slab.node);
    places.partial = occurrences(node.partial(), slab);
    places.full = occurrences(node.full(), slab);
    for_each_displaced(allocator_, [&](const Slab<M>& displaced, unsigned) {
      places.displaced += &displaced == &slab ? 1 : 0;
    });
    return places;
  }
  static unsigned occurrences(const SlabList<M>& list, const Slab<M>& slab) {
    unsigned count = 0;
    for (const Slab<M>* link = list.first(); link != nullptr; link = link->next) {
      count += link == &slab ? 1 : 0;
    }
    return count;
  }

  void check_slab(const Slab<M>& slab) {
    const SlabState state = slab.peek();
    const Counters counters = state.counters;
    const Places places = places_of(slab);
    std::uint32_t free = 0;
    expect(for_each_free(allocator_, slab, state.freelist, [&](void*) { ++free; }),
           "freelist of a slab is broken");
    expect(counters.inuse <= counters.objects, "slab has more objects in use than it has");
    expect(counters.inuse + free == counters.objects,
           "counters of a slab differ from its freelist");
    expect(places.sum() <= 1, "slab is in two places");
    expect(slab.on_partial == (places.partial != 0), "flag of a listed slab is wrong");
    expect(slab.page->kind == page::PageKind::slab, "page of a slab is not marked as such");
    if (slab.retired) {
      expect(places.sum() == 0 && counters.inuse == 0, "slab that waits for readers is in use");
    } else if (slab.cache->is_debug()) {
      check_debug_slab(counters, places, free);
    } else {
      expect(counters.frozen == (places.cpu + places.displaced != 0),
             "frozen flag of a slab does not match its place");
      const bool listed = places.chain + places.partial != 0;
      expect(counters.frozen || listed == (free != 0), "slab is not where its free objects say");
    }
  }

  void check_debug_slab(const Counters& counters, const Places& places, std::uint32_t free) {
    expect(places.cpu + places.chain + places.displaced == 0, "slab of a debug cache is a CPU's");
    if (counters.frozen) {
      expect(places.sum() == 0, "slab that was given up is on a list");
    } else {
      expect(places.full == (free == 0 ? 1u : 0u), "full slab of a debug cache is not listed");
      expect(places.partial == (free != 0 ? 1u : 0u), "slab of a debug cache is not listed");
    }
  }

  void check_cache(const Cache<M>& cache) {
    for (unsigned node = 0; node < allocator_.source().pages().nodes(); ++node) {
      check_node(cache, node);
    }
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      const CpuSlab<M>& own = cache.cpus().of(cpu);
      const Slab<M>* const slab = own.slab.peek();
      void* const first = own.peek_freelist();
      expect(slab != nullptr || first == nullptr, "CPU has objects but no slab");
      expect((own.pair.second & (CpuSlab<M>::kTidStep - 1)) == cpu, "tid does not name its CPU");
      if (slab == nullptr) continue;
      expect(slab->cache == &cache, "CPU has a slab of another cache");
      expect(for_each_free(allocator_, *slab, first, [](void*) {}), "freelist of a CPU is broken");
    }
  }

  void check_node(const Cache<M>& cache, unsigned index) {
    const Node<M>& node = cache.node(index);
    std::uint32_t partial = 0;
    const Slab<M>* before = nullptr;
    for (const Slab<M>* slab = node.partial().first(); slab != nullptr; slab = slab->next) {
      expect(slab->prev == before, "links of a node's list are broken");
      expect(slab->cache == &cache && slab->node == index, "slab is on a foreign list");
      before = slab;
      ++partial;
    }
    expect(partial == node.peek_nr_partial(), "length of a node's list is wrong");
    std::int64_t slabs = 0;
    std::int64_t objects = 0;
    for_each_slab(allocator_, [&](const Slab<M>& slab) {
      if (slab.cache != &cache || slab.node != index || slab.retired) return;
      ++slabs;
      objects += slab.peek().counters.objects;
    });
    expect(slabs == node.peek_nr_slabs(), "number of slabs of a node is wrong");
    expect(objects == node.peek_total_objects(), "number of objects of a node is wrong");
  }

  void check_sheaves(const Cache<M>& cache) {
    const Sheaf<M>& bootstrap = allocator_.bootstrap_sheaf();
    expect(bootstrap.capacity == 0 && bootstrap.size.peek() == 0, "bootstrap sheaf was changed");
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      const CpuSheaves<M>& own = cache.sheaves().of(cpu);
      const Sheaf<M>* const main = own.main.peek();
      const Sheaf<M>* const spare = own.spare.peek();
      expect(own.main.peek() != nullptr, "CPU has no main sheaf");
      expect(spare == nullptr || spare != main, "CPU has the same sheaf twice");
      expect(main != &bootstrap || spare == nullptr, "CPU has a spare sheaf only");
      expect(cache.has_sheaves() || main == &bootstrap, "cache without sheaves has one");
      if (const Sheaf<M>* const waiting = own.waiting.peek()) {
        expect(waiting != main && waiting != spare, "CPU has the same sheaf twice");
        expect(waiting->capacity == cache.sheaf_capacity(), "capacity of a sheaf is wrong");
        expect(waiting->size.peek() < waiting->capacity, "full sheaf does not wait for readers");
      }
      if (spare == nullptr) continue;
      const std::uint32_t size = spare->size.peek();
      expect(size == 0 || size == spare->capacity, "spare sheaf is neither empty nor full");
    }
    const bool ends = for_each_sheaf(allocator_, cache,
                                     [&](const Sheaf<M>& sheaf) { check_sheaf(cache, sheaf); });
    expect(ends, "list of sheaves does not end");
    if (!ends) return;
    for (unsigned node = 0; node < page::kMaxNodes; ++node) check_barn(cache.barn(node));
  }

  void check_sheaf(const Cache<M>& cache, const Sheaf<M>& sheaf) {
    const std::uint32_t size = sheaf.size.peek();
    expect(sheaf.capacity == cache.sheaf_capacity(), "capacity of a sheaf is wrong");
    expect(size <= cache.sheaf_capacity(), "sheaf has more objects than it has room for");
    if (!wrong_.empty()) return;
    for (std::uint32_t i = 0; i < size; ++i) {
      void* const object = sheaf.objects()[i];
      const Slab<M>* const slab = allocator_.source().slab_of(object);
      expect(slab != nullptr && slab->cache == &cache && allocator_.source().is_slot(*slab, object),
             "sheaf has a pointer that is no object of its cache");
      for (std::uint32_t j = 0; j < i; ++j) {
        expect(sheaf.objects()[j] != object, "object is in a sheaf twice");
      }
    }
  }

  void check_barn(const Barn<M>& barn) {
    std::uint32_t full = 0;
    for (const Sheaf<M>* sheaf = barn.first_full(); sheaf != nullptr; sheaf = sheaf->next) {
      expect(sheaf->size.peek() == sheaf->capacity, "sheaf among full ones is not full");
      ++full;
    }
    std::uint32_t empty = 0;
    for (const Sheaf<M>* sheaf = barn.first_empty(); sheaf != nullptr; sheaf = sheaf->next) {
      expect(sheaf->size.peek() == 0, "sheaf among empty ones is not empty");
      ++empty;
    }
    expect(full == barn.peek_full() && empty == barn.peek_empty(),
           "number of sheaves in a barn is wrong");
    expect(full <= barn.limit(), "barn has too many full sheaves");
  }

  void check_deferred() {
    const bool ends =
        for_each_deferred(allocator_, [&](void* object, const Slab<M>& slab, unsigned) {
          expect(allocator_.source().is_slot(slab, object), "deferred pointer is no object");
          expect(allocator_.deferred().peek_contains(object), "deferred object is not marked");
        });
    expect(ends, "list of deferred objects is broken");
  }

  const SlabAllocator<M>& allocator_;
  std::string_view wrong_;
};

/// The first thing that is wrong with the structures of an allocator; empty if nothing is.
template <machine::Machine M>
std::string_view audit(const SlabAllocator<M>& allocator) {
  return Audit<M>(allocator).run();
}

}  // namespace anyctx::slab
