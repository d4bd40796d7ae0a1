// Sites of lib/defer: ids 8..31.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::defer::site {

inline constexpr machine::Site llist_link{8};
inline constexpr machine::Site irq_work_state{9};
inline constexpr machine::Site irq_work{10};
inline constexpr machine::Site irq_work_sync{11};

inline constexpr machine::SiteInfo kTable[] = {
    {llist_link, machine::SiteKind::word, "llist.link",
     machine::verbs(machine::Verb::load, machine::Verb::store), "next pointer of a queued node"},
    {irq_work_state, machine::SiteKind::word, "irq_work.state",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "PENDING and BUSY bits of an irq_work"},
    {irq_work, machine::SiteKind::irq_work, "irq_work", machine::verbs(machine::Verb::raise),
     "self-interrupt that runs queued irq_work"},
    {irq_work_sync, machine::SiteKind::probe, "irq_work.sync", machine::verbs(machine::Verb::probe),
     "turn of the loop that waits for an irq_work"},
};

}  // namespace anyctx::defer::site
