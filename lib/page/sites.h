// Sites of lib/page: ids 32..63.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::page::site {

// Locks and shared words.
inline constexpr machine::Site pcp_lock{32};
inline constexpr machine::Site zone_lock{33};
inline constexpr machine::Site parked{34};
inline constexpr machine::Site refcount{35};
inline constexpr machine::Site free_counter{36};
inline constexpr machine::Site reserve_counter{37};
inline constexpr machine::Site free_types{38};
inline constexpr machine::Site block_type{39};
inline constexpr machine::Site zone_state{40};
inline constexpr machine::Site held_back{41};
inline constexpr machine::Site boot_gate{42};
inline constexpr machine::Site leaked{43};
inline constexpr machine::Site up_flag{61};

// Conditions under which an operation legally fails, or takes its fallback.
inline constexpr machine::Site order{44};
inline constexpr machine::Site context{45};
inline constexpr machine::Site boot{46};
inline constexpr machine::Site watermark{47};
inline constexpr machine::Site fragmentation{48};
inline constexpr machine::Site no_block{49};
inline constexpr machine::Site unaccepted{50};
inline constexpr machine::Site up_nested{51};

// Named places inside critical sections.
inline constexpr machine::Site zone_section{52};
inline constexpr machine::Site zone_expand{53};
inline constexpr machine::Site zone_claim{54};
inline constexpr machine::Site zone_merge{55};
inline constexpr machine::Site pcp_section{56};
inline constexpr machine::Site free_prepared{57};
inline constexpr machine::Site park_limbo{58};
inline constexpr machine::Site parked_drain{59};
inline constexpr machine::Site reclaim{60};

inline constexpr machine::SiteInfo kTable[] = {
    {pcp_lock, machine::SiteKind::lock, "page.pcp_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "lists of free pages of one CPU and zone"},
    {zone_lock, machine::SiteKind::lock, "page.zone_lock",
     machine::verbs(machine::Verb::trylock, machine::Verb::lock, machine::Verb::unlock),
     "buddy lists of a zone"},
    {parked, machine::SiteKind::word, "page.parked",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of freed pages that wait for the zone lock"},
    {refcount, machine::SiteKind::word, "page.refcount",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "references to a page"},
    {free_counter, machine::SiteKind::word, "page.free_counter",
     machine::verbs(machine::Verb::load, machine::Verb::rmw), "pages on a zone's buddy lists"},
    {reserve_counter, machine::SiteKind::word, "page.reserve_counter",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "free pages of a zone that are set aside for atomic requests"},
    {free_types, machine::SiteKind::word, "page.free_types",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "migrate types that have a free block of an order"},
    {block_type, machine::SiteKind::word, "page.block_type",
     machine::verbs(machine::Verb::load, machine::Verb::store), "migrate type of a pageblock"},
    {zone_state, machine::SiteKind::word, "page.zone_state",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "below-high flag and watermark boost of a zone, kswapd flag of a node"},
    {held_back, machine::SiteKind::word, "page.held_back",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "pages of a zone not yet accepted or not yet initialised"},
    {boot_gate, machine::SiteKind::word, "page.boot_gate",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "whether deferred initialisation is unfinished"},
    {leaked, machine::SiteKind::word, "page.leaked", machine::verbs(machine::Verb::rmw),
     "pages given up because they cannot be trusted"},
    {order, machine::SiteKind::limit, "page.order", machine::verbs(machine::Verb::limit),
     "the order is not admissible"},
    {context, machine::SiteKind::limit, "page.context", machine::verbs(machine::Verb::limit),
     "no trylock is allowed in this context"},
    {boot, machine::SiteKind::limit, "page.boot", machine::verbs(machine::Verb::limit),
     "deferred initialisation is unfinished"},
    {watermark, machine::SiteKind::limit, "page.watermark", machine::verbs(machine::Verb::limit),
     "a zone has too few free pages"},
    {fragmentation, machine::SiteKind::limit, "page.fragmentation",
     machine::verbs(machine::Verb::limit), "a zone has no free block of the order"},
    {no_block, machine::SiteKind::limit, "page.no_block", machine::verbs(machine::Verb::limit),
     "no block on the lists the request may take from"},
    {unaccepted, machine::SiteKind::limit, "page.unaccepted", machine::verbs(machine::Verb::limit),
     "the rest of a zone is not accepted"},
    {up_nested, machine::SiteKind::limit, "page.up_nested", machine::verbs(machine::Verb::limit),
     "UP: the interrupted frame holds the lock"},
    {zone_section, machine::SiteKind::probe, "page.zone_section",
     machine::verbs(machine::Verb::probe), "block unlinked from its list, not yet split"},
    {zone_expand, machine::SiteKind::probe, "page.zone_expand",
     machine::verbs(machine::Verb::probe), "between two steps of a split"},
    {zone_claim, machine::SiteKind::probe, "page.zone_claim", machine::verbs(machine::Verb::probe),
     "blocks moved to another type, type not yet set"},
    {zone_merge, machine::SiteKind::probe, "page.zone_merge", machine::verbs(machine::Verb::probe),
     "buddy unlinked, merged block not yet listed"},
    {pcp_section, machine::SiteKind::probe, "page.pcp_section",
     machine::verbs(machine::Verb::probe),
     "inside a per-CPU list section, before the list changes"},
    {free_prepared, machine::SiteKind::probe, "page.free_prepared",
     machine::verbs(machine::Verb::probe), "freed page prepared, on no list yet"},
    {park_limbo, machine::SiteKind::probe, "page.park_limbo", machine::verbs(machine::Verb::probe),
     "order stored in a page that will be parked"},
    {parked_drain, machine::SiteKind::probe, "page.parked_drain",
     machine::verbs(machine::Verb::probe), "parked pages taken, next one not yet merged"},
    {reclaim, machine::SiteKind::probe, "page.reclaim", machine::verbs(machine::Verb::probe),
     "request that may sleep, or that wakes background reclaim"},
    {up_flag, machine::SiteKind::word, "page.up_flag",
     machine::verbs(machine::Verb::load, machine::Verb::store), "UP: a lock is held"},
};

}  // namespace anyctx::page::site
