// FreePath: how an object gets back into its slab. Source: Linux 6.18 mm/slub.c (do_slab_free,
// __slab_free, kfree_nolock, free_deferred_objects).
#pragma once

#include <optional>

#include "lib/slab/debug_path.h"
#include "lib/slab/deferred.h"
#include "lib/slab/design.h"
#include "lib/slab/partial_lists.h"
#include "lib/slab/sheaf_path.h"

namespace anyctx::slab {

template <machine::Machine M>
class FreePath {
 public:
  void init(Design design, SlabSource<M>& source, PartialLists<M>& lists, DebugPath<M>& debug,
            SingleObjects<M>& singles, SheafPath<M>& sheaves, std::span<DeferredWord<M>> words) {
    design_ = design;
    source_ = &source;
    lists_ = &lists;
    debug_ = &debug;
    singles_ = &singles;
    sheaves_ = &sheaves;
    deferred_.init(
        source, words,
        [](void* self, unsigned cpu) { static_cast<FreePath*>(self)->handle_deferred(cpu); }, this);
  }
  Deferred<M>& deferred() { return deferred_; }
  const Deferred<M>& deferred() const { return deferred_; }

  /// Frees an object of `slab`. May spin.
  [[gnu::always_inline]] void free(Cache<M>& cache, Slab<M>& slab, void* object) {
    if (deferred_.contains(object)) [[unlikely]] {
      return M::bug(machine::Bug::double_free, object);
    }
    cache.mark_free(object);
    const Pushed pushed = push(cache, slab, object, page::Spin::allowed);
    if (pushed == Pushed::yes) [[likely]]
      return;
    if (pushed == Pushed::twice) return M::bug(machine::Bug::double_free, object);
    free_slow(cache, slab, object);
  }

  /// The same in every context, without waiting. What this CPU cannot keep at hand is deferred:
  /// putting it into its slab could need the list lock or this CPU's slab lock.
  void free_nolock(Cache<M>& cache, Slab<M>& slab, void* object) {
    if (deferred_.contains(object)) [[unlikely]] {
      return M::bug(machine::Bug::double_free, object);
    }
    cache.mark_free(object);
    const Pushed pushed = push(cache, slab, object, page::Spin::never);
    if (pushed == Pushed::yes) [[likely]]
      return;
    if (pushed == Pushed::twice || !deferred_.push_object(object, cache.link_of(object))) {
      M::bug(machine::Bug::double_free, object);
    }
  }

  /// Processes what is deferred on `cpu`. May spin; other than that, any number of callers at
  /// once: each element is taken by one of them.
  void handle_deferred(unsigned cpu) {
    using Objects = typename Deferred<M>::Objects;
    using Slabs = typename Deferred<M>::Slabs;
    for (defer::LlistNode* node = deferred_.objects(cpu).take_all(); node != nullptr;) {
      defer::LlistNode* const next = Objects::next(node);
      M::probe(site::deferred_limbo);
      free_deferred(node);
      node = next;
    }
    for (defer::LlistNode* node = deferred_.slabs(cpu).take_all(); node != nullptr;) {
      defer::LlistNode* const next = Slabs::next(node);
      M::probe(site::deferred_limbo);
      Slab<M>& slab = *Deferred<M>::slab_of(node);
      lists_->deactivate(*slab.cache, slab, slab.detached);
      node = next;
    }
  }

 private:
  using Pushed = typename SheafPath<M>::Pushed;

  Pushed push(Cache<M>& cache, Slab<M>& slab, void* object, page::Spin spin) {
    if (design_ == Design::sheaves) [[unlikely]] {
      return cache.has_sheaves() ? sheaves_->push(cache, slab, object, spin) : Pushed::no;
    }
    if (spin == page::Spin::never && is_cpu_busy(cache)) return Pushed::no;
    if (has_lockless_fast_path<M>()) [[likely]]
      return push_lockless(cache, slab, object);
    return push_locked(cache, slab, object, spin);
  }

  /// Onto the freelist of whatever CPU this is, if the object's slab is that CPU's.
  static Pushed push_lockless(Cache<M>& cache, Slab<M>& slab, void* object) {
    for (;;) {
      const CpuSlab<M>& cpu = cache.cpus().here();
      const std::uint64_t tid = cpu.load_tid();
      if (cpu.slab.load(std::memory_order_relaxed) != &slab) return Pushed::no;
      void* const head = cpu.load_freelist();
      if (head == object) [[unlikely]]
        return Pushed::twice;
      cache.set_next_free(object, head);
      machine::Pair expected = CpuSlab<M>::pack(head, tid);
      if (M::cpu_cas2(
              site::cpu_pair, [&cache] { return &cache.cpus().here().pair; }, expected,
              CpuSlab<M>::pack(object, tid + CpuSlab<M>::kTidStep))) [[likely]] {
        return Pushed::yes;
      }
    }
  }

  static Pushed push_locked(Cache<M>& cache, Slab<M>& slab, void* object, page::Spin spin) {
    CpuSection<M> section(cache, spin);
    if (!section) return Pushed::no;
    if (section->slab.load(std::memory_order_relaxed) != &slab) return Pushed::no;
    if (section->load_freelist() == object) return Pushed::twice;
    section.push(object);
    return Pushed::yes;
  }

  /// Into the slab itself, which may change what list the slab belongs to.
  [[gnu::noinline]] void free_slow(Cache<M>& cache, Slab<M>& slab, void* object) {
    if (design_ == Design::sheaves) return singles_->put(cache, slab, object);
    if (cache.is_debug()) return debug_->put(cache, slab, object);
    std::optional<NodeSection<M>> section;
    SlabState old;
    SlabState desired;
    do {
      section.reset();
      old = slab.load();
      if (old.freelist == object || old.counters.inuse == 0) {
        return M::bug(machine::Bug::double_free, object);
      }
      cache.set_next_free(object, old.freelist);
      desired = {object, old.counters};
      --desired.counters.inuse;
      // The last object of a slab that may be listed: the list must not change before it is known
      // whether the slab has to leave it.
      if (desired.counters.inuse == 0 && old.freelist != nullptr && !old.counters.frozen) {
        section.emplace(cache.node_of(slab), page::Spin::allowed);
      }
    } while (!slab.update(old, desired));

    if (section) return leave_list(cache, slab, section);
    // It was full, and so on no list and nobody's: now it is ours.
    if (old.freelist == nullptr && !old.counters.frozen) {
      lists_->put_on_cpu(cache, slab, PartialLists<M>::WhenFull::drain);
    }
  }

  /// List lock held: the slab is empty, and discarded if its node has enough others.
  void leave_list(Cache<M>& cache, Slab<M>& slab, std::optional<NodeSection<M>>& section) {
    if (!slab.on_partial) return;  // on its way to a list, or on a CPU's chain
    Node<M>& node = cache.node_of(slab);
    if (node.nr_partial() < cache.layout().min_partial) return;
    node.remove_partial(slab);
    section.reset();
    source_->discard(slab);
  }

  void free_deferred(defer::LlistNode* link) {
    Slab<M>& slab = *source_->slab_of(link);
    Cache<M>& cache = *slab.cache;
    void* const object = cache.object_of(link);
    deferred_.forget(object);
    // The link holds a plain pointer now; nothing reads it before it is encoded again.
    free_slow(cache, slab, object);
  }

  Design design_ = Design::classic;
  SlabSource<M>* source_ = nullptr;
  PartialLists<M>* lists_ = nullptr;
  DebugPath<M>* debug_ = nullptr;
  SingleObjects<M>* singles_ = nullptr;
  SheafPath<M>* sheaves_ = nullptr;
  Deferred<M> deferred_;
};

}  // namespace anyctx::slab
