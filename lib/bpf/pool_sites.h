// Sites of object pools, per-CPU freelists and hash tables: ids 214..227. For those who use them.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::bpf::site {

// Object pool: 214..219.
inline constexpr machine::Site objpool_head{214};
inline constexpr machine::Site objpool_tail{215};
inline constexpr machine::Site objpool_last{216};
inline constexpr machine::Site objpool_entry{217};
inline constexpr machine::Site objpool_refs{218};
inline constexpr machine::Site objpool_memory{219};

// Freelist and hash table: 220..227.
inline constexpr machine::Site freelist_link{220};
inline constexpr machine::Site hashtab_link{221};
inline constexpr machine::Site hashtab_word{222};
inline constexpr machine::Site hashtab_count{223};
inline constexpr machine::Site hashtab_busy{224};
inline constexpr machine::Site hashtab_memory{225};
inline constexpr machine::Site hashtab_lock{226};
inline constexpr machine::Site hashtab_swap{227};

inline constexpr machine::SiteInfo kObjPoolTable[] = {
    {objpool_head, machine::SiteKind::word, "objpool.head",
     machine::verbs(machine::Verb::load, machine::Verb::cas), "first place of a ring to take from"},
    {objpool_tail, machine::SiteKind::word, "objpool.tail",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "first place of a ring that nobody claimed, and how many pushes claim some"},
    {objpool_last, machine::SiteKind::word, "objpool.last",
     machine::verbs(machine::Verb::load, machine::Verb::store), "first place that is not written"},
    {objpool_entry, machine::SiteKind::word, "objpool.entry",
     machine::verbs(machine::Verb::load, machine::Verb::store), "object at a place of a ring"},
    {objpool_refs, machine::SiteKind::word, "objpool.refs", machine::verbs(machine::Verb::rmw),
     "objects of a pool that are not dropped, and the pool itself"},
    {objpool_memory, machine::SiteKind::limit, "objpool.memory",
     machine::verbs(machine::Verb::limit), "no memory for a CPU's ring and objects"},
};

inline constexpr machine::SiteInfo kHashTabTable[] = {
    {freelist_link, machine::SiteKind::word, "freelist.link",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas),
     "first free element of a list, or the one behind another"},
    {hashtab_link, machine::SiteKind::word, "hashtab.link",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "first element of a bucket, or the one behind another"},
    {hashtab_word, machine::SiteKind::word, "hashtab.word",
     machine::verbs(machine::Verb::load, machine::Verb::store), "key or value of an element"},
    {hashtab_count, machine::SiteKind::word, "hashtab.count",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "elements of a table; users and the extra element of a CPU"},
    {hashtab_busy, machine::SiteKind::limit, "hashtab.busy", machine::verbs(machine::Verb::limit),
     "an update interrupted another one of the same buckets"},
    {hashtab_memory, machine::SiteKind::limit, "hashtab.memory",
     machine::verbs(machine::Verb::limit), "no memory for an element or for the table"},
    {hashtab_lock, machine::SiteKind::raw_lock, "hashtab.lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "a bucket's lock, where that is not a resilient one"},
    {hashtab_swap, machine::SiteKind::probe, "hashtab.extra_swap",
     machine::verbs(machine::Verb::probe),
     "new element in its bucket, the one that it replaces still there"},
};

}  // namespace anyctx::bpf::site
