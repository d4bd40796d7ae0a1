// SheafPath: how objects come from and go to the sheaves of the CPU this runs on.
// Source: Linux 7.3 mm/slub.c (alloc_from_pcs, free_to_pcs and what they replace sheaves with).
//
// A CPU that has no sheaf yet has the bootstrap sheaf, which has no room and no objects, and so
// looks both empty and full. It is everybody's, and never changes.
#pragma once

#include "lib/slab/sheaf_store.h"

namespace anyctx::slab {

template <machine::Machine M>
class SheafPath {
 public:
  /// `clean(owner, object)` makes free what readers cannot see any more.
  using Clean = void (*)(void* owner, void* object);
  void init(SlabSource<M>& source, SheafStore<M>& store, defer::Rcu<M>& rcu, Clean clean,
            void* owner) {
    source_ = &source;
    store_ = &store;
    rcu_ = &rcu;
    clean_ = clean;
    owner_ = owner;
  }
  Sheaf<M>& bootstrap() { return bootstrap_; }
  const Sheaf<M>& bootstrap() const { return bootstrap_; }
  bool is_real(const Sheaf<M>* sheaf) const { return sheaf != &bootstrap_; }

  /// Of pop(). `dry`: the sheaves that could be had are empty.
  enum class Miss : std::uint8_t { none, elsewhere, dry };
  struct Popped {
    void* object = nullptr;
    Miss miss = Miss::elsewhere;
  };
  /// Any context. With Spin::never, nothing is waited for but what fails is recorded.
  Popped pop(Cache<M>& cache, const Request& request) {
    SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
    if (!cpu) return {};
    const auto here = static_cast<int>(node_here());
    if (request.nid >= 0 && M::fails(site::no_sheaf, request.nid != here)) return {};
    if (cpu->load_main()->is_empty() && !replace_empty_main(cache, *cpu, request.spin)) {
      return {nullptr, Miss::dry};
    }
    Sheaf<M>& main = *cpu->load_main();
    // Objects of other nodes are among those that nobody of this node could serve.
    if (request.nid >= 0 && M::fails(site::no_sheaf, node_of(main.top()) != here)) return {};
    return {main.pop(), Miss::none};
  }

  enum class Pushed : std::uint8_t { no, yes, twice };
  /// Takes over a free object of `slab`. `no`: whoever asks finds another place for it. `twice`: it
  /// is here already. Any context with Spin::never.
  Pushed push(Cache<M>& cache, const Slab<M>& slab, void* object, page::Spin spin) {
    {
      SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
      if (!cpu || slab.node != node_here()) return Pushed::no;
      if (!cpu->load_main()->is_full() || replace_full_main(cache, *cpu, spin)) {
        return put_on_top(*cpu->load_main(), object);
      }
    }
    if (spin == page::Spin::never) return Pushed::no;
    return push_with_room_made(cache, object);
  }

  /// Takes over an object of `slab` that readers may still see, and writes nothing into it. False:
  /// whoever asks finds another way. (A sheaf that is not full waits for more. Only code on its CPU
  /// can take it, so that machines without workers have none.) Any context with Spin::never.
  bool push_waiting(Cache<M>& cache, const Slab<M>& slab, void* object, page::Spin spin) {
    if (!M::has_workers() || !cache.has_sheaves()) return false;
    for (bool has_tried = false;; has_tried = true) {
      {
        SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
        if (!cpu || slab.node != node_here()) return false;
        if (Sheaf<M>* const sheaf = find_waiting(cache, *cpu, spin)) {
          sheaf->push(object);
          if (sheaf->is_full()) submit(*cpu);
          return true;
        }
      }
      if (has_tried || spin == page::Spin::never) return false;
      // Nobody is woken for it: the caller may have a lock of the scheduler.
      Sheaf<M>* const empty = store_->create(cache.sheaf_capacity(), page::gfp::nowarn);
      if (empty == nullptr) return false;
      put_away(cache, *empty);  // where the next turn finds it
    }
  }
  /// The lock is held, or nobody else uses the cache: what waits for more waits for readers now.
  /// Before the lock is dropped, so that whoever takes it finds nothing that was forgotten.
  void submit(CpuSheaves<M>& cpu) {
    Sheaf<M>* const sheaf = cpu.load_waiting();
    if (sheaf == nullptr) return;
    cpu.set_waiting(nullptr);
    sheaf->owner = this;
    rcu_->call(&sheaf->grace, [](defer::RcuHead<M>* head) {
      Sheaf<M>& over = Sheaf<M>::of(head);
      static_cast<SheafPath*>(over.owner)->end_waiting(over);
    });
  }

  /// After pop() found nothing: fetches objects, so that it will. May spin.
  void refill(Cache<M>& cache, page::Gfp gfp) {
    Sheaf<M>* sheaf = nullptr;
    {
      SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
      if (!cpu || has_objects(*cpu)) return;
      sheaf = take_empty(cache, *cpu);
    }
    // The lock is dropped: this may be another CPU from here on.
    if (sheaf == nullptr) sheaf = store_->create(cache.sheaf_capacity(), gfp);
    if (sheaf == nullptr) return;
    store_->fill(cache, *sheaf, sheaf->capacity, gfp);
    Sheaf<M>* const surplus = sheaf->is_empty() ? sheaf : install_filled(cache, *sheaf);
    if (surplus != nullptr) put_away(cache, *surplus);
  }

  /// Gives each CPU that has none an empty sheaf, while there is memory: calls that must not wait
  /// never make one. Nobody else uses the cache. May spin.
  void equip(Cache<M>& cache, page::Gfp gfp) {
    if (!cache.has_sheaves()) return;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      CpuSheaves<M>& own = cache.sheaves().of(cpu);
      if (is_real(own.load_main())) continue;
      Sheaf<M>* const sheaf = store_->create(cache.sheaf_capacity(), gfp);
      if (sheaf == nullptr) return;
      own.set_main(sheaf);
    }
  }

  /// Takes back a sheaf that no place refers to, whatever it holds. May spin.
  void put_away(Cache<M>& cache, Sheaf<M>& sheaf) {
    sync::pin_cpu<M>();
    Barn<M>& barn = cache.barn(node_here());
    sync::unpin_cpu<M>();
    if (sheaf.is_full() && barn.put_full(sheaf)) return;
    store_->empty(cache, sheaf);
    store_->put_away(cache, barn, sheaf);
  }

  // For users who want a sheaf to themselves.

  /// One that nobody has objects to take from, or that is full; or null. May spin.
  Sheaf<M>* lend(Cache<M>& cache) {
    SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
    if (!cpu) return nullptr;
    if (Sheaf<M>* const spare = cpu->load_spare()) {
      cpu->set_spare(nullptr);
      return spare;
    }
    Barn<M>& barn = cache.barn(node_here());
    Sheaf<M>* const full = barn.take_full(nullptr, page::Spin::allowed);
    return full != nullptr ? full : barn.take_empty(page::Spin::allowed);
  }
  /// True if the CPU has use for it, whatever it holds. May spin.
  bool take_in(Cache<M>& cache, Sheaf<M>& sheaf) {
    SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
    if (!cpu) return false;
    if (!is_real(cpu->load_main())) {
      cpu->set_main(&sheaf);
      return true;
    }
    if (cpu->load_spare() != nullptr || !(sheaf.is_empty() || sheaf.is_full())) return false;
    cpu->set_spare(&sheaf);
    return true;
  }

  // Giving up what is cached.

  /// What the CPU has afterwards is the bootstrap sheaf.
  struct Detached {
    Sheaf<M>* main = nullptr;
    Sheaf<M>* spare = nullptr;
  };
  Detached detach(CpuSheaves<M>& cpu) {
    submit(cpu);
    Detached detached{cpu.load_main(), cpu.load_spare()};
    cpu.set_main(&bootstrap_);
    cpu.set_spare(nullptr);
    if (!is_real(detached.main)) detached.main = nullptr;
    return detached;
  }
  /// May spin.
  void release(Cache<M>& cache, const Detached& detached) {
    if (detached.main != nullptr) store_->destroy(cache, *detached.main);
    if (detached.spare != nullptr) store_->destroy(cache, *detached.spare);
  }
  void drain_barns(Cache<M>& cache) {
    if (!cache.has_sheaves()) return;
    for (unsigned node = 0; node < source_->pages().nodes(); ++node) {
      for (Sheaf<M>* sheaf = cache.barn(node).take_all(); sheaf != nullptr;) {
        Sheaf<M>* const next = sheaf->next;
        store_->destroy(cache, *sheaf);
        sheaf = next;
      }
    }
  }

 private:
  /// The CPU must be pinned.
  unsigned node_here() const { return source_->pages().node_of_cpu(M::cpu()); }

  int node_of(const void* object) const { return source_->slab_of(object)->node; }

  Sheaf<M>* real_or_null(Sheaf<M>* sheaf) const { return is_real(sheaf) ? sheaf : nullptr; }

  /// Lock held. The CPU's sheaf that waits for objects, or null.
  Sheaf<M>* find_waiting(Cache<M>& cache, CpuSheaves<M>& cpu, page::Spin spin) {
    if (Sheaf<M>* const sheaf = cpu.load_waiting()) return sheaf;
    Sheaf<M>* const empty = cache.barn(node_here()).take_empty(spin);
    if (empty != nullptr) cpu.set_waiting(empty);
    return empty;
  }
  /// A grace period is over. May spin.
  void end_waiting(Sheaf<M>& sheaf) {
    sheaf.next = nullptr;
    Cache<M>& cache = *source_->slab_of(sheaf.top())->cache;
    const std::uint32_t count = sheaf.load_size();
    for (std::uint32_t i = 0; i < count; ++i) {
      M::probe(site::deferred_limbo);
      clean_(owner_, sheaf.objects()[i]);
    }
    put_away(cache, sheaf);
  }

  /// Lock held. True if main has objects now.
  bool replace_empty_main(Cache<M>& cache, CpuSheaves<M>& cpu, page::Spin spin) {
    Sheaf<M>* const main = cpu.load_main();
    Sheaf<M>* const spare = cpu.load_spare();
    if (spare != nullptr && !spare->is_empty()) {
      cpu.set_main(spare);
      cpu.set_spare(real_or_null(main));
      return true;
    }
    Sheaf<M>* const full = cache.barn(node_here()).take_full(real_or_null(main), spin);
    if (full == nullptr) return false;
    cpu.set_main(full);
    return true;
  }

  /// Lock held. True if main has room now.
  bool replace_full_main(Cache<M>& cache, CpuSheaves<M>& cpu, page::Spin spin) {
    Sheaf<M>* const main = cpu.load_main();
    Sheaf<M>* const spare = cpu.load_spare();
    Barn<M>& barn = cache.barn(node_here());
    if (spare == nullptr) {
      Sheaf<M>* const empty = barn.take_empty(spin);
      if (empty == nullptr) return false;
      cpu.set_spare(real_or_null(main));
      cpu.set_main(empty);
      return true;
    }
    ANYCTX_CHECK(is_real(main));
    if (spare->is_empty()) {
      cpu.set_main(spare);
      cpu.set_spare(main);
      return true;
    }
    Sheaf<M>* const empty = barn.exchange_full(*main, spin);
    if (empty == nullptr) return false;
    cpu.set_main(empty);
    return true;
  }

  static Pushed put_on_top(Sheaf<M>& main, void* object) {
    // The cheapest check that finds the commonest double free.
    if (main.top() == object) [[unlikely]]
      return Pushed::twice;
    main.push(object);
    return Pushed::yes;
  }

  [[gnu::noinline]] Pushed push_with_room_made(Cache<M>& cache, void* object) {
    Sheaf<M>* const empty = find_empty(cache);
    if (empty == nullptr) return Pushed::no;
    Sheaf<M>* surplus = empty;
    Pushed pushed = Pushed::no;
    {
      SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
      if (cpu) {
        surplus = install_empty(cache, *cpu, *empty);
        if (!cpu->load_main()->is_full()) pushed = put_on_top(*cpu->load_main(), object);
      }
    }
    if (surplus != nullptr) put_away(cache, *surplus);
    return pushed;
  }

  /// An empty sheaf to make room with: a new one; or the spare one, if full ones are many.
  Sheaf<M>* find_empty(Cache<M>& cache) {
    Sheaf<M>* spare = nullptr;
    {
      SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
      if (!cpu) return nullptr;
      const Barn<M>& barn = cache.barn(node_here());
      if (cpu->load_spare() != nullptr && barn.has_enough_full()) {
        spare = cpu->load_spare();
        cpu->set_spare(nullptr);
      }
    }
    if (spare == nullptr) return store_->create(cache.sheaf_capacity(), page::gfp::nowait);
    store_->empty(cache, *spare);
    return spare;
  }

  /// Lock held. Makes room in main if there is none. Returns what sheaf is not needed: it may be
  /// the one that was brought.
  Sheaf<M>* install_empty(Cache<M>& cache, CpuSheaves<M>& cpu, Sheaf<M>& empty) {
    Sheaf<M>* const main = cpu.load_main();
    Sheaf<M>* const spare = cpu.load_spare();
    if (!main->is_full()) return &empty;
    if (spare == nullptr) {
      cpu.set_spare(real_or_null(main));
      cpu.set_main(&empty);
      return nullptr;
    }
    if (spare->is_empty()) {
      cpu.set_main(spare);
      cpu.set_spare(main);
      return &empty;
    }
    if (!cache.barn(node_here()).put_full(*main)) return &empty;
    cpu.set_main(&empty);
    return nullptr;
  }

  /// Lock held.
  static bool has_objects(const CpuSheaves<M>& cpu) {
    if (!cpu.load_main()->is_empty()) return true;
    const Sheaf<M>* const spare = cpu.load_spare();
    return spare != nullptr && !spare->is_empty();
  }
  /// Lock held, the CPU has no objects. An empty sheaf to fill, or null.
  Sheaf<M>* take_empty(Cache<M>& cache, CpuSheaves<M>& cpu) {
    Sheaf<M>* const spare = cpu.load_spare();
    if (spare == nullptr) return cache.barn(node_here()).take_empty(page::Spin::allowed);
    cpu.set_spare(nullptr);
    return spare;
  }

  /// Makes a sheaf with objects this CPU's, if it has use for it. Returns what sheaf is not needed.
  Sheaf<M>* install_filled(Cache<M>& cache, Sheaf<M>& filled) {
    SheafSection<M> cpu(cache.sheaves(), page::Spin::never);
    if (!cpu) return &filled;
    Sheaf<M>* const main = cpu->load_main();
    Sheaf<M>* const spare = cpu->load_spare();
    if (main->is_empty()) {
      cpu->set_main(&filled);
      if (spare != nullptr || !is_real(main)) return real_or_null(main);
      cpu->set_spare(main);
      return nullptr;
    }
    // Somebody else was faster.
    if (!filled.is_full() || (spare != nullptr && !spare->is_empty())) return &filled;
    cpu->set_spare(&filled);
    return spare;
  }

  SlabSource<M>* source_ = nullptr;
  SheafStore<M>* store_ = nullptr;
  defer::Rcu<M>* rcu_ = nullptr;
  Clean clean_ = nullptr;
  void* owner_ = nullptr;
  Sheaf<M> bootstrap_;
};

}  // namespace anyctx::slab
