// Sites of lib/bpf: ids 128..159 and 184..239.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::bpf::site {

// Range tree: 128..131.
inline constexpr machine::Site range_split{128};
inline constexpr machine::Site range_new{129};

inline constexpr machine::SiteInfo kTable[] = {
    {range_split, machine::SiteKind::limit, "range_tree.split",
     machine::verbs(machine::Verb::limit), "no node for the second half of a run that is split"},
    {range_new, machine::SiteKind::limit, "range_tree.new", machine::verbs(machine::Verb::limit),
     "no node for a run that nothing adjoins"},
};

}  // namespace anyctx::bpf::site
