// Sites of the rqspinlock target itself: 28..29. Places in critical sections, which the lock does
// not know of.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::target::site {

inline constexpr machine::Site section{28};
inline constexpr machine::Site dwell{29};

inline constexpr machine::SiteInfo kSectionTable[] = {
    {section, machine::SiteKind::probe, "section.inside", machine::verbs(machine::Verb::probe),
     "in a critical section, its data half written"},
    {dwell, machine::SiteKind::probe, "section.dwell", machine::verbs(machine::Verb::probe),
     "turn of a user who lets time pass"},
};

}  // namespace anyctx::target::site
