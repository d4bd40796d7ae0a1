// Node: what a cache keeps per memory node. Source: Linux 7.3 mm/slub.c (kmem_cache_node).
#pragma once

#include "lib/page/frame_lock.h"
#include "lib/page/spin.h"
#include "lib/slab/slab_list.h"

namespace anyctx::slab {

/// Lists of slabs with free objects, and of the full slabs of a debug cache (other caches do not
/// list them), under one lock. The partial list's length is kept beside it to be read without the
/// lock, as a hint. Counters say how many slabs and objects exist, listed or not.
template <machine::Machine M>
class Node {
 public:
  std::uint32_t nr_partial() const { return nr_partial_.load(std::memory_order_relaxed); }
  std::uint32_t peek_nr_partial() const { return nr_partial_.peek(); }
  const SlabList<M>& partial() const { return partial_; }
  const SlabList<M>& full() const { return full_; }

  enum class Place : bool { front, back };

  /// List lock held.
  void add_partial(Slab<M>& slab, Place place) {
    ANYCTX_CHECK(!slab.on_partial);
    place == Place::front ? partial_.push_front(slab) : partial_.push_back(slab);
    slab.on_partial = true;
    M::probe(site::list_section);
    nr_partial_.store(nr_partial_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void remove_partial(Slab<M>& slab) {
    ANYCTX_CHECK(slab.on_partial);
    partial_.remove(slab);
    slab.on_partial = false;
    M::probe(site::list_section);
    nr_partial_.store(nr_partial_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
  void add_full(Slab<M>& slab) { full_.push_front(slab); }
  void remove_full(Slab<M>& slab) { full_.remove(slab); }

  /// Any context. A slab is counted from before its objects can be freed until it is discarded.
  void count(const Slab<M>& slab) { count_by(1, slab.objects); }
  void uncount(const Slab<M>& slab) { count_by(-1, -std::int64_t{slab.objects}); }
  std::int64_t nr_slabs() const { return nr_slabs_.load(std::memory_order_relaxed); }
  std::int64_t peek_nr_slabs() const { return nr_slabs_.peek(); }
  std::int64_t peek_total_objects() const { return total_objects_.peek(); }

 private:
  template <machine::Machine>
  friend class NodeSection;
  using Lock = page::FrameLock<M, site::list_lock, page::Irqs::masked>;

  void count_by(std::int64_t slabs, std::int64_t objects) {
    nr_slabs_.fetch_add(slabs);
    total_objects_.fetch_add(objects);
  }

  Lock lock_;
  machine::Atomic<M, std::uint32_t, site::nr_partial> nr_partial_;
  SlabList<M> partial_;
  SlabList<M> full_;
  machine::Atomic<M, std::int64_t, site::nr_slabs> nr_slabs_;
  machine::Atomic<M, std::int64_t, site::nr_slabs> total_objects_;
};

/// The scope in which a node's list lock is held, or was tried.
template <machine::Machine M>
class [[nodiscard]] NodeSection : public page::FrameSection<typename Node<M>::Lock> {
 public:
  NodeSection(Node<M>& node, page::Spin spin)
      : page::FrameSection<typename Node<M>::Lock>(node.lock_, spin) {}
};

}  // namespace anyctx::slab
