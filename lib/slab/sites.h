// Sites of lib/slab: ids 64..127.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::slab::site {

// Shared words.
inline constexpr machine::Site cpu_pair{64};
inline constexpr machine::Site cpu_tid{65};
inline constexpr machine::Site cpu_freelist{66};
inline constexpr machine::Site cpu_slab{67};
inline constexpr machine::Site cpu_partial{68};
inline constexpr machine::Site pair{69};
inline constexpr machine::Site freelist_link{70};
inline constexpr machine::Site nr_partial{71};
inline constexpr machine::Site nr_slabs{72};
inline constexpr machine::Site deferred_objects{73};
inline constexpr machine::Site deferred_slabs{74};
inline constexpr machine::Site deferred_map{75};
inline constexpr machine::Site track_sequence{76};
inline constexpr machine::Site flush_wanted{77};
inline constexpr machine::Site sheaf_size{78};
inline constexpr machine::Site cpu_main{79};
inline constexpr machine::Site cpu_spare{110};
inline constexpr machine::Site cpu_waiting{118};
inline constexpr machine::Site barn_length{111};

// Locks.
inline constexpr machine::Site cpu_lock{80};
inline constexpr machine::Site list_lock{81};
inline constexpr machine::Site slab_lock{82};
inline constexpr machine::Site caches_mutex{83};
inline constexpr machine::Site barrier_mutex{84};
inline constexpr machine::Site flush_mutex{85};
inline constexpr machine::Site sheaf_lock{112};
inline constexpr machine::Site barn_lock{113};

// Conditions under which an operation legally fails, or takes its fallback.
inline constexpr machine::Site size{90};
inline constexpr machine::Site context{91};
inline constexpr machine::Site no_cas2{92};
inline constexpr machine::Site cpu_busy{93};
inline constexpr machine::Site remote_node{94};
inline constexpr machine::Site no_sheaf{114};

// Named places.
inline constexpr machine::Site may_sleep{100};
inline constexpr machine::Site list_section{101};
inline constexpr machine::Site debug_section{102};
inline constexpr machine::Site fresh_slab{103};
inline constexpr machine::Site deferred_limbo{104};
inline constexpr machine::Site barn_section{115};

// Accounting.
inline constexpr machine::Site payers{116};
inline constexpr machine::Site vector_size{117};

inline constexpr machine::SiteInfo kTable[] = {
    {cpu_pair, machine::SiteKind::word, "slab.cpu_pair", machine::verbs(machine::Verb::cas),
     "(freelist, tid) of one CPU, swapped together"},
    {cpu_tid, machine::SiteKind::word, "slab.cpu_tid",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "transaction id of one CPU's freelist"},
    {cpu_freelist, machine::SiteKind::word, "slab.cpu_freelist",
     machine::verbs(machine::Verb::load, machine::Verb::store), "free objects of one CPU"},
    {cpu_slab, machine::SiteKind::word, "slab.cpu_slab",
     machine::verbs(machine::Verb::load, machine::Verb::store), "slab that one CPU allocates from"},
    {cpu_partial, machine::SiteKind::word, "slab.cpu_partial",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "chain of partly free slabs of one CPU"},
    {pair, machine::SiteKind::word, "slab.pair",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas),
     "(freelist, counters) of a slab, swapped together"},
    {freelist_link, machine::SiteKind::word, "slab.freelist_link",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "next pointer inside a free object"},
    {nr_partial, machine::SiteKind::word, "slab.nr_partial",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "length of a node's list of partly free slabs"},
    {nr_slabs, machine::SiteKind::word, "slab.nr_slabs",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "slabs and objects of a cache on a node"},
    {deferred_objects, machine::SiteKind::word, "slab.deferred_objects",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of freed objects that wait for the handler"},
    {deferred_slabs, machine::SiteKind::word, "slab.deferred_slabs",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of displaced slabs that wait for the handler"},
    {deferred_map, machine::SiteKind::word, "slab.deferred_map",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "bits of the objects that wait for the handler"},
    {track_sequence, machine::SiteKind::word, "slab.track_sequence",
     machine::verbs(machine::Verb::rmw), "number of the last tracked allocation or free"},
    {flush_wanted, machine::SiteKind::word, "slab.flush_wanted",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "a CPU that nobody can interrupt shall give up what it has cached"},
    {sheaf_size, machine::SiteKind::word, "slab.sheaf_size",
     machine::verbs(machine::Verb::load, machine::Verb::store), "number of objects in a sheaf"},
    {cpu_main, machine::SiteKind::word, "slab.cpu_main",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "sheaf that one CPU allocates from and frees to"},
    {cpu_spare, machine::SiteKind::word, "slab.cpu_spare",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "full or empty sheaf that one CPU has besides"},
    {cpu_waiting, machine::SiteKind::word, "slab.cpu_waiting",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "sheaf of objects that readers may still see, of one CPU"},
    {barn_length, machine::SiteKind::word, "slab.barn_length",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "number of full or of empty sheaves in a node's barn"},
    {sheaf_lock, machine::SiteKind::local_lock, "slab.sheaf_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "sheaves of one CPU"},
    {barn_lock, machine::SiteKind::lock, "slab.barn_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "sheaves that the CPUs of a node share"},
    {no_sheaf, machine::SiteKind::limit, "slab.no_sheaf", machine::verbs(machine::Verb::limit),
     "no sheaf at hand that would do"},
    {barn_section, machine::SiteKind::probe, "slab.barn_section",
     machine::verbs(machine::Verb::probe), "barn lock held, list and length disagree"},
    {cpu_lock, machine::SiteKind::local_lock, "slab.cpu_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock,
                    machine::Verb::test),
     "slab, freelist and partial chain of one CPU"},
    {list_lock, machine::SiteKind::lock, "slab.list_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "lists of slabs of a cache on a node"},
    {slab_lock, machine::SiteKind::raw_lock, "slab.slab_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "(freelist, counters) of a slab where no double-word swap exists"},
    {caches_mutex, machine::SiteKind::mutex, "slab.caches_mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "list of caches"},
    {barrier_mutex, machine::SiteKind::mutex, "slab.barrier_mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock),
     "serialises barriers, each of which may hold elements it took"},
    {flush_mutex, machine::SiteKind::mutex, "slab.flush_mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock),
     "serialises those who ask the CPUs to give up what they have cached"},
    {size, machine::SiteKind::limit, "slab.size", machine::verbs(machine::Verb::limit),
     "the size is not served by this call"},
    {context, machine::SiteKind::limit, "slab.context", machine::verbs(machine::Verb::limit),
     "no trylock is allowed in this context"},
    {no_cas2, machine::SiteKind::limit, "slab.no_cas2", machine::verbs(machine::Verb::limit),
     "no double-word swap, and the configuration says to fail then"},
    {cpu_busy, machine::SiteKind::limit, "slab.cpu_busy", machine::verbs(machine::Verb::limit),
     "the interrupted frame holds this CPU's slab lock"},
    {remote_node, machine::SiteKind::limit, "slab.remote_node",
     machine::verbs(machine::Verb::limit), "a remote node is not searched for partial slabs"},
    {may_sleep, machine::SiteKind::probe, "slab.may_sleep", machine::verbs(machine::Verb::probe),
     "request that may sleep"},
    {list_section, machine::SiteKind::probe, "slab.list_section",
     machine::verbs(machine::Verb::probe), "list lock held, list and counter disagree"},
    {debug_section, machine::SiteKind::probe, "slab.debug_section",
     machine::verbs(machine::Verb::probe),
     "list lock held, object of a debug cache taken or put, state not yet updated"},
    {fresh_slab, machine::SiteKind::probe, "slab.fresh_slab", machine::verbs(machine::Verb::probe),
     "new slab built, not yet published"},
    {deferred_limbo, machine::SiteKind::probe, "slab.deferred_limbo",
     machine::verbs(machine::Verb::probe), "between two elements that the handler took"},
    {payers, machine::SiteKind::word, "slab.payers",
     machine::verbs(machine::Verb::load, machine::Verb::cas),
     "vector that says who pays for a slab's objects"},
    {vector_size, machine::SiteKind::limit, "slab.vector_size",
     machine::verbs(machine::Verb::limit), "a nolock operation cannot make a vector of this size"},
};

}  // namespace anyctx::slab::site
