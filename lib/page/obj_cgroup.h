// ObjCgroup: who pays for memory, by name. What is charged refers to it, so that it can outlive the
// tasks it was made for. Source: Linux 7.3 mm/memcontrol.c (struct obj_cgroup).
#pragma once

#include "lib/defer/llist.h"
#include "lib/machine/check.h"
#include "lib/page/mem_cgroup.h"

namespace anyctx::page {

/// One reference for its owner as long as tasks use it, one for each charged object and page, and
/// one for each CPU that has bytes of it in stock. Without references it is released (GroupList),
/// and its memory is the owner's again.
template <machine::Machine M>
class ObjCgroup {
 public:
  void init(MemCgroup<M>& memcg) {
    memcg_ = &memcg;
    references_.init(1);
    bytes_.init(0);
    released_ = false;
  }

  MemCgroup<M>& memcg() const { return *memcg_; }

  /// The caller knows that there are some.
  void get(std::uint32_t references = 1) { references_.fetch_add(references); }
  /// True: these were the last.
  [[nodiscard]] bool put(std::uint32_t references = 1) {
    const std::uint32_t before = references_.fetch_add(~references + 1, std::memory_order_acq_rel);
    ANYCTX_CHECK_OP(before, >=, references);
    return before == references;
  }

  /// Bytes of charged pages that no object uses and that no stock has room for.
  void add_bytes(std::uint32_t bytes) { bytes_.fetch_add(bytes); }
  std::uint32_t take_bytes() {
    if (bytes_.load(std::memory_order_relaxed) == 0) return 0;
    return bytes_.exchange(0);
  }

  // For oracles.
  std::uint32_t peek_references() const { return references_.peek(); }
  std::uint32_t peek_bytes() const { return bytes_.peek(); }
  bool peek_released() const { return released_; }

 private:
  template <machine::Machine N>
  friend class GroupList;

  machine::Atomic<M, std::uint32_t, site::memcg_refs> references_;
  machine::Atomic<M, std::uint32_t, site::memcg_bytes> bytes_;
  MemCgroup<M>* memcg_ = nullptr;
  ObjCgroup* next_ = nullptr;         // groups lock
  ObjCgroup* prev_ = nullptr;         // groups lock
  defer::LlistNode released_node_{};  // list of groups that wait for the handler
  bool released_ = false;             // groups lock
};

}  // namespace anyctx::page
