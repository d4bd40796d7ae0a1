// Sites of the reclaim target itself: 30..31. The words of a lock-free structure, and its users.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::target::site {

inline constexpr machine::Site link{30};
inline constexpr machine::Site look{31};

inline constexpr machine::SiteInfo kReclaimTable[] = {
    {link, machine::SiteKind::word, "reclaim.link",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas,
                    machine::Verb::rmw),
     "slot, list or reference count that readers and updaters share"},
    {look, machine::SiteKind::probe, "reclaim.look", machine::verbs(machine::Verb::probe),
     "a reader holds on to what it found"},
};

}  // namespace anyctx::target::site
