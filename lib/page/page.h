// Page: the descriptor of one page frame. The owner passes an array of them, one per frame.
#pragma once

#include "lib/defer/llist.h"
#include "lib/machine/atomic.h"
#include "lib/page/migrate_type.h"
#include "lib/page/sites.h"

namespace anyctx::page {

/// What a page is part of. Written by whoever owns the page at that moment.
enum class PageKind : std::uint8_t {
  absent,   // not initialised or not accepted yet
  free,     // in the buddy system, or a page behind the first one of a block in pcp or parked
  pcp,      // first page of a block on a per-CPU list
  parked,   // first page of a block that waits for the zone lock
  freeing,  // first page of a block on its way from its user to one of the above
  live,     // first page of an allocated block
  part,     // further page of an allocated block that is not compound
  tail,     // further page of a compound block; `head` leads to the first one
  slab,     // first page of a block that lib/slab carves up (set and reset by it)
  large,    // first page of a block handed out whole by lib/slab (set and reset by it)
  leaked,   // given up after a reported bug
};

template <machine::Machine M>
class ObjCgroup;

/// Plain fields belong to the lock or the owner named beside them. A page's user owns links and
/// `private_word` while the page is live; freeing sets `private_word` to zero.
template <machine::Machine M>
struct Page {
  machine::Atomic<M, std::int32_t, site::refcount> refcount;
  PageKind kind = PageKind::absent;  // owner
  std::uint8_t order = 0;            // owner: of the block, valid in its first page
  std::uint8_t zone = 0;             // constant: index of the zone
  std::uint8_t node = 0;             // constant
  bool compound = false;             // owner: first page of a compound block
  bool buddy = false;                // zone lock: first page of a block on a buddy list
  MigrateType list_type{};           // lock of the list: which list the block is on
  // Type of the pageblock, in its first page; written under the zone lock.
  machine::Atomic<M, std::uint8_t, site::block_type> block_type;
  // Order of the block while the page is the first of a buddy or parked block; zero in all
  // other free pages; the user's word while it is live.
  std::uintptr_t private_word = 0;
  // Owner: who pays for this page and those behind it that belong to the block; null: nobody.
  ObjCgroup<M>* payer = nullptr;
  Page* next = nullptr;            // lock of the list the page is on
  Page* prev = nullptr;            // same
  Page* head = nullptr;            // owner: first page of the compound block, in its tails
  defer::LlistNode parked_node{};  // zone's list of parked pages
};

static_assert(sizeof(defer::LlistNode) == sizeof(void*));

}  // namespace anyctx::page
