// Sites of local storage: ids 234..239. For those who use lib/bpf/local_storage.h, with those of
// lib/sync and of memory groups.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::bpf::site {

inline constexpr machine::Site storage_link{234};
inline constexpr machine::Site storage_marks{235};
inline constexpr machine::Site storage_element{236};
inline constexpr machine::Site storage_owner{237};
inline constexpr machine::Site storage_fork{238};
inline constexpr machine::Site storage_half{239};

inline constexpr machine::SiteInfo kStorageTable[] = {
    {storage_link, machine::SiteKind::word, "storage.link",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas,
                    machine::Verb::rmw),
     "pointer of an owner, an element, a list or a cache slot"},
    {storage_marks, machine::SiteKind::word, "storage.marks", machine::verbs(machine::Verb::rmw),
     "which of an element's two lists are done with it"},
    {storage_element, machine::SiteKind::limit, "storage.element",
     machine::verbs(machine::Verb::limit), "no memory for an element"},
    {storage_owner, machine::SiteKind::limit, "storage.owner", machine::verbs(machine::Verb::limit),
     "no memory for an owner's list"},
    {storage_fork, machine::SiteKind::limit, "storage.fork", machine::verbs(machine::Verb::limit),
     "a new owner fails before it has storage of its own"},
    {storage_half, machine::SiteKind::probe, "storage.half", machine::verbs(machine::Verb::probe),
     "elements that one of their two lists is about to be done with"},
};

}  // namespace anyctx::bpf::site
