// Sites of the user's kernel sources: where decisions can fall in code that knows no machine.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::inject::kernel_site {

inline constexpr machine::Site memory{192};
inline constexpr machine::Site spin{193};

inline constexpr machine::SiteInfo kTable[] = {
    {memory, machine::SiteKind::word, "kernel.memory",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "an access of the kernel's sources to memory"},
    {spin, machine::SiteKind::probe, "kernel.spin", machine::verbs(machine::Verb::probe),
     "turn of a loop in the kernel's sources that waits for others"},
};

}  // namespace anyctx::inject::kernel_site
