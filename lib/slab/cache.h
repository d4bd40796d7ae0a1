// Cache: a kmem_cache. Its geometry, what each CPU holds, and what each node holds.
// The algorithms are in alloc_path.h, sheaf_path.h, free_path.h and the files they include.
#pragma once

#include "lib/machine/raw.h"
#include "lib/page/config.h"
#include "lib/page/gfp.h"
#include "lib/slab/barn.h"
#include "lib/slab/bucket.h"
#include "lib/slab/cpu_sheaves.h"
#include "lib/slab/cpu_slab.h"
#include "lib/slab/freelist.h"
#include "lib/slab/layout.h"
#include "lib/slab/node.h"

namespace anyctx::slab {

template <machine::Machine M>
class Cache {
 public:
  Cache() = default;
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  /// Starts over, empty; `layout` may be the one it has. Single-threaded.
  void init(const CacheConfig& config, const Layout& layout, FreelistCodec codec) {
    config_ = config;
    layout_ = layout;
    codec_ = codec;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      std::construct_at(&cpus_.of(cpu))->init(cpu);
    }
    for (Node<M>& node : nodes_) std::construct_at(&node);
    sheaf_capacity_ = 0;
  }
  /// After init(): CPUs keep sheaves of this capacity (0: none), beginning with `bootstrap`, and
  /// each node shares as many as `barn_limit` allows.
  void init_sheaves(std::uint32_t capacity, Sheaf<M>& bootstrap, std::uint32_t barn_limit) {
    sheaf_capacity_ = capacity;
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) {
      std::construct_at(&sheaves_.of(cpu))->main.init(&bootstrap);
    }
    for (Barn<M>& barn : barns_) std::construct_at(&barn)->init(barn_limit);
  }
  /// From now on what is freed goes to its slab at once. Nobody else uses the cache.
  void stop_caching() { sheaf_capacity_ = 0; }

  std::string_view name() const { return config_.name; }
  const CacheConfig& config() const { return config_; }
  const Layout& layout() const { return layout_; }
  std::uint32_t object_size() const { return layout_.object_size; }
  bool is_debug() const { return has(config_.flags, kDebugFlags); }
  bool is_typesafe() const { return has(config_.flags, kTypesafeFlags); }
  bool has_cpu_partial() const { return layout_.cpu_partial_slabs != 0; }

  machine::PerCpu<M, CpuSlab<M>>& cpus() { return cpus_; }
  const machine::PerCpu<M, CpuSlab<M>>& cpus() const { return cpus_; }
  std::uint32_t sheaf_capacity() const { return sheaf_capacity_; }
  bool has_sheaves() const { return sheaf_capacity_ != 0; }
  machine::PerCpu<M, CpuSheaves<M>>& sheaves() { return sheaves_; }
  const machine::PerCpu<M, CpuSheaves<M>>& sheaves() const { return sheaves_; }
  Barn<M>& barn(unsigned node) { return barns_[node]; }
  const Barn<M>& barn(unsigned node) const { return barns_[node]; }
  Node<M>& node(unsigned node) { return nodes_[node]; }
  const Node<M>& node(unsigned node) const { return nodes_[node]; }
  Node<M>& node_of(const Slab<M>& slab) { return nodes_[slab.node]; }

  /// The word of a free object that holds the next pointer.
  void** link_of(void* object) const {
    return reinterpret_cast<void**>(static_cast<std::byte*>(object) + layout_.offset);
  }
  /// The object that a link is part of.
  void* object_of(void* link) const { return static_cast<std::byte*>(link) - layout_.offset; }

  /// Next object of the freelist that `object` heads. If somebody else took `object` meanwhile,
  /// the result is garbage: do not follow it before a swap confirmed the head.
  void* next_free(void* object) const {
    void** const link = link_of(object);
    return codec_.decode(M::load_link(site::freelist_link, link, std::memory_order_relaxed), link);
  }
  void set_next_free(void* object, void* next) {
    void** const link = link_of(object);
    M::store_link(site::freelist_link, link, codec_.encode(next, link), std::memory_order_relaxed);
  }
  /// The same for objects that only the caller can reach, and for oracles: not decision points.
  void* peek_next_free(void* object) const {
    void** const link = link_of(object);
    return codec_.decode(machine::raw::load_link(link, std::memory_order_relaxed), link);
  }
  void init_next_free(void* object, void* next) {
    void** const link = link_of(object);
    machine::raw::store_link(link, codec_.encode(next, link), std::memory_order_relaxed);
  }

  /// Tells sanitizers whether users may touch an object. Readers of a typesafe cache always may.
  void mark_used(void* object) const { M::mark_used(object, layout_.object_size); }
  void mark_free(void* object) const {
    if (!is_typesafe()) M::mark_free(object, align_up(layout_.object_size, kWord));
  }

  Cache* next_cache = nullptr;  // caches mutex

 private:
  // What the fast paths read comes first.
  FreelistCodec codec_;
  Layout layout_;
  std::uint32_t sheaf_capacity_ = 0;
  machine::PerCpu<M, CpuSheaves<M>> sheaves_;
  machine::PerCpu<M, CpuSlab<M>> cpus_;
  Node<M> nodes_[page::kMaxNodes];
  Barn<M> barns_[page::kMaxNodes];
  CacheConfig config_;
};

}  // namespace anyctx::slab
