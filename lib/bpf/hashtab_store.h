// HashStore: the elements of one hash table that are in no bucket: allocated in advance, or when
// they are needed. Source: Linux 7.3 kernel/bpf/hashtab.c (alloc_htab_elem, free_htab_elem).
//
// In advance: as many as the table may have, on a freelist, and an extra one for each CPU, so that
// what is there can be replaced when the freelist is empty. In the kernel, the element that is
// replaced becomes the extra one while it is still in its bucket, and an NMI that updates another
// bucket would use it. Here it does when it has left.
#pragma once

#include <cerrno>
#include <new>

#include "lib/bpf/hashtab_element.h"
#include "lib/machine/percpu.h"

namespace anyctx::bpf {

/// take() and replace() are called with a bucket's lock held, so they stay on their CPU; the others
/// in any context.
template <machine::Machine M, ElementSource Source>
class HashStore {
 public:
  using Element = HashElement<M>;

  /// 0 or -ENOMEM. Single-threaded. Nothing is owned but the elements.
  [[nodiscard]] int init(std::uint32_t entries, unsigned value_words, bool in_advance,
                         Source& source, sync::RqCpus<M>& cpus) {
    source_ = &source;
    entries_ = entries;
    bytes_ = Element::bytes(value_words);
    in_advance_ = in_advance;
    elements_ = nullptr;
    count_.init(0);
    if (!in_advance) return 0;
    const std::uint32_t all = elements_in_advance();
    elements_ = M::fails(site::hashtab_memory, false) ? nullptr : source.allocate(all * bytes_);
    if (elements_ == nullptr) return -ENOMEM;
    for (std::uint32_t i = 0; i < all; ++i) ::new (element(i)) Element;
    free_.init(cpus);
    free_.populate(elements_, bytes_, entries);
    for (unsigned cpu = 0; cpu < M::cpus(); ++cpu) extras_.of(cpu).init(element(entries + cpu));
    return 0;
  }
  /// Nobody else is there, and no element in use.
  void destroy() {
    if (elements_ != nullptr) source_->release(elements_);
    elements_ = nullptr;
  }

  /// An element for a key that is not there. -E2BIG: there are enough (or, of those in advance,
  /// none was to be had); -ENOMEM: no memory.
  [[nodiscard]] int take(Element*& element) {
    if (in_advance_) {
      element = as_element(free_.pop());
      return element != nullptr ? 0 : -E2BIG;
    }
    // Counted first, so that no two of them take the same place.
    if (count_.fetch_add(1) >= entries_) {
      count_.fetch_add(~std::uint32_t{0});
      return -E2BIG;
    }
    element = allocate();
    if (element != nullptr) return 0;
    count_.fetch_add(~std::uint32_t{0});
    return -ENOMEM;
  }
  /// An element in place of one that is there. -EBUSY: what was interrupted has this CPU's extra
  /// one, and there is no other; -ENOMEM: no memory.
  [[nodiscard]] int take_for_replacement(Element*& element) {
    if (!in_advance_) return (element = allocate()) != nullptr ? 0 : -ENOMEM;
    element = extras_.here().exchange(nullptr);
    if (element == nullptr) element = as_element(free_.pop());
    return M::fails(site::hashtab_busy, element == nullptr) ? give_up(element) : 0;
  }
  /// The element was replaced and has left its bucket, whose lock is still held.
  [[nodiscard]] Element* keep_as_extra(Element* element) {
    if (!in_advance_) return element;
    return extras_.here().exchange(element);
  }

  /// The element has left its bucket, and one element less is in use.
  void give_back(Element* element) {
    if (!in_advance_) count_.fetch_add(~std::uint32_t{0});
    dispose(element);
  }
  /// The same for one that was replaced: as many are in use as before.
  void dispose(Element* element) {
    in_advance_ ? free_.push(&element->node) : source_->release_after_grace(element);
  }
  /// The same when nobody else is there.
  void dispose_now(Element* element) {
    if (!in_advance_) source_->release(element);
  }

  bool is_in_advance() const { return in_advance_; }

  // For oracles: no decision points.

  /// How many there are in all; 0 if they are allocated when they are needed.
  std::uint32_t elements_in_advance() const { return in_advance_ ? entries_ + M::cpus() : 0; }
  const Element* peek(std::uint32_t index) const {
    return reinterpret_cast<const Element*>(static_cast<const std::byte*>(elements_) +
                                            index * bytes_);
  }
  const PercpuFreelist<M>& freelist() const { return free_; }
  const Element* extra(unsigned cpu) const { return extras_.of(cpu).peek(); }
  /// Of elements that are allocated when they are needed.
  std::uint32_t count() const { return count_.peek(); }

 private:
  using Extra = machine::Atomic<M, Element*, site::hashtab_count>;

  static Element* as_element(FreelistNode* node) { return reinterpret_cast<Element*>(node); }
  Element* element(std::uint32_t index) { return const_cast<Element*>(peek(index)); }

  Element* allocate() {
    void* const memory =
        M::fails(site::hashtab_memory, false) ? nullptr : source_->allocate(bytes_);
    return memory != nullptr ? ::new (memory) Element : nullptr;
  }
  /// The failure may be an injected one.
  int give_up(Element* element) {
    if (element != nullptr) element = keep_as_extra(element);
    if (element != nullptr) dispose(element);
    return -EBUSY;
  }

  Source* source_ = nullptr;
  std::uint32_t entries_ = 0;
  std::size_t bytes_ = 0;
  bool in_advance_ = true;
  void* elements_ = nullptr;
  PercpuFreelist<M> free_;
  machine::PerCpu<M, Extra> extras_;
  machine::Atomic<M, std::uint32_t, site::hashtab_count> count_;
};

}  // namespace anyctx::bpf
