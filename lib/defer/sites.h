// Sites of lib/defer: ids 8..27.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::defer::site {

inline constexpr machine::Site llist_link{8};
inline constexpr machine::Site irq_work_state{9};
inline constexpr machine::Site irq_work{10};
inline constexpr machine::Site irq_work_sync{11};
inline constexpr machine::Site work_state{12};
inline constexpr machine::Site work{13};
inline constexpr machine::Site work_wait{14};

inline constexpr machine::SiteInfo kTable[] = {
    {llist_link, machine::SiteKind::word, "llist.link",
     machine::verbs(machine::Verb::load, machine::Verb::store), "next pointer of a queued node"},
    {irq_work_state, machine::SiteKind::word, "irq_work.state",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "whether an irq_work is pending, and how often it runs"},
    {irq_work, machine::SiteKind::irq_work, "irq_work", machine::verbs(machine::Verb::raise),
     "self-interrupt that runs queued irq_work"},
    {irq_work_sync, machine::SiteKind::probe, "irq_work.sync", machine::verbs(machine::Verb::probe),
     "turn of the loop that waits for an irq_work"},
};

/// For those who use lib/defer/workqueue.h.
inline constexpr machine::SiteInfo kWorkTable[] = {
    {work_state, machine::SiteKind::word, "work.state",
     machine::verbs(machine::Verb::load, machine::Verb::cas),
     "flags of a deferred work, and its runs asked for and done"},
    {work, machine::SiteKind::worker, "work", machine::verbs(machine::Verb::raise),
     "wake-up of the worker that runs deferred work"},
    {work_wait, machine::SiteKind::probe, "work.wait", machine::verbs(machine::Verb::probe),
     "turn of the loop that waits for deferred work"},
};

}  // namespace anyctx::defer::site
