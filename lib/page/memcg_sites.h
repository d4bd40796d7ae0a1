// Sites of memory cgroups: ids 62, 63 and 178..185. For those who use them.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::page::site {

inline constexpr machine::Site memcg_page_stock{62};
inline constexpr machine::Site memcg_object_stock{63};
inline constexpr machine::Site memcg_charge{178};
inline constexpr machine::Site memcg_limit{179};
inline constexpr machine::Site memcg_events{180};
inline constexpr machine::Site memcg_refs{181};
inline constexpr machine::Site memcg_bytes{182};
inline constexpr machine::Site memcg_groups{183};
inline constexpr machine::Site memcg_notify{184};
inline constexpr machine::Site memcg_released{185};

inline constexpr machine::SiteInfo kMemcgTable[] = {
    {memcg_page_stock, machine::SiteKind::local_lock, "memcg.page_stock",
     machine::verbs(machine::Verb::trylock, machine::Verb::unlock),
     "pages that one CPU has charged in advance"},
    {memcg_object_stock, machine::SiteKind::local_lock, "memcg.object_stock",
     machine::verbs(machine::Verb::trylock, machine::Verb::unlock),
     "bytes that one CPU has charged in advance"},
    {memcg_charge, machine::SiteKind::word, "memcg.charge",
     machine::verbs(machine::Verb::load, machine::Verb::rmw), "memory that a group has"},
    {memcg_limit, machine::SiteKind::limit, "memcg.limit", machine::verbs(machine::Verb::limit),
     "a group may have no more memory"},
    {memcg_events, machine::SiteKind::word, "memcg.events", machine::verbs(machine::Verb::rmw),
     "how often a group was refused memory"},
    {memcg_refs, machine::SiteKind::word, "memcg.refs", machine::verbs(machine::Verb::rmw),
     "references to a payer"},
    {memcg_bytes, machine::SiteKind::word, "memcg.bytes",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "bytes that a payer has paid for and nobody uses"},
    {memcg_groups, machine::SiteKind::lock, "memcg.groups",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "list of payers"},
    {memcg_notify, machine::SiteKind::probe, "memcg.notify", machine::verbs(machine::Verb::probe),
     "tells whoever watches a group that it reached a limit"},
    {memcg_released, machine::SiteKind::word, "memcg.released",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of payers without references that wait for the handler"},
};

}  // namespace anyctx::page::site
