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
inline constexpr machine::Site grace_readers{15};
inline constexpr machine::Site grace_index{16};
inline constexpr machine::Site grace_waiting{17};
inline constexpr machine::Site grace_number{18};
inline constexpr machine::Site grace_callbacks{19};
inline constexpr machine::Site grace_releases{20};
inline constexpr machine::Site callback_function{21};
inline constexpr machine::Site grace_stage{22};
inline constexpr machine::Site callback_limbo{23};
inline constexpr machine::Site grace_wait{24};
inline constexpr machine::Site trace_nesting{25};

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

/// For those who use lib/defer/rcu.h, srcu_fast.h or tasks_trace.h; with kWorkTable.
inline constexpr machine::SiteInfo kGraceTable[] = {
    {grace_readers, machine::SiteKind::word, "grace.readers",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "how many readers entered and left on one CPU"},
    {grace_index, machine::SiteKind::word, "grace.index",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "which of two sets counts the readers that enter"},
    {grace_waiting, machine::SiteKind::word, "grace.waiting",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::rmw),
     "a grace period waits for readers to leave"},
    {grace_number, machine::SiteKind::word, "grace.number",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas),
     "numbers of the grace periods that were asked for, begun and over"},
    {grace_callbacks, machine::SiteKind::word, "grace.callbacks",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of callbacks that wait for a grace period to begin"},
    {grace_releases, machine::SiteKind::word, "grace.releases",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of memory that waits for a grace period to begin"},
    {callback_function, machine::SiteKind::word, "grace.function",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas),
     "function of a callback, null unless it waits"},
    {grace_stage, machine::SiteKind::probe, "grace.stage", machine::verbs(machine::Verb::probe),
     "a worker goes on with a grace period"},
    {callback_limbo, machine::SiteKind::probe, "grace.limbo", machine::verbs(machine::Verb::probe),
     "between two callbacks whose grace period is over"},
    {grace_wait, machine::SiteKind::probe, "grace.wait", machine::verbs(machine::Verb::probe),
     "turn of the loop that waits for a grace period"},
    {trace_nesting, machine::SiteKind::word, "grace.nesting",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "how deep a task is inside of sections of Tasks Trace"},
};

}  // namespace anyctx::defer::site
