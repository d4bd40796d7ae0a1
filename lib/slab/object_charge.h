// ObjectCharge: who pays for each object of a slab, in a vector beside the slab.
// Source: Linux 7.3 mm/slub.c (alloc_slab_obj_exts, __memcg_slab_post_alloc_hook,
// __memcg_slab_free_hook, free_slab_obj_exts).
//
// A vector is behind the last object of its slab if there is room, and otherwise memory of the
// internal family, whose slabs have no vectors: there is no end of it otherwise, and a slab could
// hold its own vector and never become empty. Slabs of accounted caches get theirs when they are
// made, others with the first object that somebody pays for. Without a vector objects are free of
// charge.
#pragma once

#include <cstring>
#include <utility>

#include "lib/page/memcg.h"
#include "lib/slab/cache.h"

namespace anyctx::slab {

template <machine::Machine M>
class SlabSource;

template <machine::Machine M>
class ObjectCharge {
 public:
  using Payer = page::ObjCgroup<M>;

  /// Where vectors come from; zeroed memory, or null.
  struct Memory {
    void* (*allocate)(void* owner, std::size_t bytes, page::Gfp gfp, page::Spin spin) = nullptr;
    void (*free)(void* owner, void* memory, page::Spin spin) = nullptr;
    void* owner = nullptr;
  };

  /// `memcg` null: nobody pays for anything. Single-threaded.
  void init(SlabSource<M>& source, page::Memcg<M>* memcg, const Memory& memory) {
    source_ = &source;
    memcg_ = memcg;
    memory_ = memory;
  }
  bool is_on() const { return memcg_ != nullptr; }

  // Slabs that nobody else can reach.

  /// A fresh slab. That it gets no vector is no failure.
  void prepare(Slab<M>& slab, page::Gfp gfp, page::Spin spin) {
    const CacheFlags flags = slab.cache->config().flags;
    if (has(flags, CacheFlags::internal)) return;
    if (void* const tail = tail_of(slab)) {
      M::mark_used(tail, bytes_for(slab));
      std::memset(tail, 0, bytes_for(slab));
      slab.payers.init(reinterpret_cast<std::uintptr_t>(tail));
    } else if (has(flags, CacheFlags::accounted)) {
      slab.payers.init(reinterpret_cast<std::uintptr_t>(allocate(slab, gfp, spin)));
    }
  }
  /// A slab that is given back. None of its objects is in use.
  void forget(Slab<M>& slab, page::Spin spin) {
    const std::uintptr_t word = slab.payers.peek();
    slab.payers.init(kNone);
    if (is_vector(word) && vector_of(word) != tail_of(slab)) free(vector_of(word), spin);
  }

  // Objects: before they become their user's, and after he gave them up.

  /// False: who should pay may not, and the object must not be handed out.
  [[nodiscard]] bool charge(const void* object, page::Gfp gfp, page::Spin spin) {
    Slab<M>& slab = *source_->slab_of(object);
    const bool accounted = has(slab.cache->config().flags, CacheFlags::accounted);
    if (!accounted && !has(gfp, page::gfp::account)) return true;
    Payer* const payer = memcg_->current();
    if (payer == nullptr) return true;
    Payer** const vector = make_vector(slab, gfp, spin);
    if (vector == nullptr) return true;
    if (!memcg_->try_charge_object(*payer, slab.cache->layout().size, spin)) return false;
    vector[index_of(slab, object)] = payer;
    return true;
  }
  /// Of what is not an object nobody has paid for anything; freeing it is reported elsewhere.
  void uncharge(Slab<M>& slab, const void* object, page::Spin spin) {
    const std::uintptr_t word = slab.payers.load();
    if (!is_vector(word) || !source_->is_slot(slab, object)) return;
    Payer* const payer = std::exchange(vector_of(word)[index_of(slab, object)], nullptr);
    if (payer != nullptr) memcg_->uncharge_object(*payer, slab.cache->layout().size, spin);
  }

  // For oracles: no decision points.

  /// A vector could not be had, and none was made since.
  static bool peek_failed(const Slab<M>& slab) { return slab.payers.peek() == kFailed; }
  /// Null: there is none.
  static Payer* const* peek_vector(const Slab<M>& slab) {
    const std::uintptr_t word = slab.payers.peek();
    return is_vector(word) ? vector_of(word) : nullptr;
  }
  const Payer* peek_payer(const Slab<M>& slab, const void* object) const {
    Payer* const* const vector = peek_vector(slab);
    return vector == nullptr ? nullptr : vector[index_of(slab, object)];
  }
  /// The vector's place is in the slab itself.
  bool peek_in_tail(const Slab<M>& slab) const { return peek_vector(slab) == tail_of(slab); }

 private:
  // Values of the word that are no address.
  static constexpr std::uintptr_t kNone = 0;
  static constexpr std::uintptr_t kFailed = 1;

  static bool is_vector(std::uintptr_t word) { return word > kFailed; }
  static Payer** vector_of(std::uintptr_t word) { return reinterpret_cast<Payer**>(word); }
  static std::size_t bytes_for(const Slab<M>& slab) {
    return std::size_t{slab.objects} * sizeof(Payer*);
  }

  /// Where a vector fits behind the objects; null: nowhere.
  Payer** tail_of(const Slab<M>& slab) const {
    const std::size_t used = std::size_t{slab.objects} * slab.cache->layout().size;
    if (source_->bytes(slab) - used < bytes_for(slab)) return nullptr;
    return reinterpret_cast<Payer**>(source_->start(slab) + used);
  }
  std::size_t index_of(const Slab<M>& slab, const void* object) const {
    const std::byte* const first = source_->start(slab) + slab.cache->layout().left_pad;
    const auto distance = static_cast<const std::byte*>(object) - first;
    return static_cast<std::size_t>(distance) / slab.cache->layout().size;
  }

  Payer** allocate(const Slab<M>& slab, page::Gfp gfp, page::Spin spin) {
    constexpr page::Gfp kKept = page::gfp::kernel | page::gfp::high | page::gfp::nowarn;
    return static_cast<Payer**>(
        memory_.allocate(memory_.owner, bytes_for(slab), gfp & kKept, spin));
  }
  void free(Payer** vector, page::Spin spin) { memory_.free(memory_.owner, vector, spin); }

  /// The slab's vector, which others may be making at the same time: the first one stays.
  Payer** make_vector(Slab<M>& slab, page::Gfp gfp, page::Spin spin) {
    std::uintptr_t word = slab.payers.load();
    if (is_vector(word)) [[likely]]
      return vector_of(word);
    Payer** const made = allocate(slab, gfp, spin);
    // Only what says that there is none is replaced, also by the mark of a failure.
    const std::uintptr_t wanted =
        made == nullptr ? kFailed : reinterpret_cast<std::uintptr_t>(made);
    while (!is_vector(word)) {
      if (word == wanted || slab.payers.cas(word, wanted)) return made;
    }
    if (made != nullptr) free(made, spin);
    return vector_of(word);
  }

  SlabSource<M>* source_ = nullptr;
  page::Memcg<M>* memcg_ = nullptr;
  Memory memory_;
};

}  // namespace anyctx::slab
