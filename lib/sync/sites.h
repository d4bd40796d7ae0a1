// Sites of lib/sync: ids 1..7. (Spinlocks and local locks carry the sites of their owners.)
#pragma once

#include "lib/machine/site.h"

namespace anyctx::sync::site {

inline constexpr machine::Site rq_word{1};
inline constexpr machine::Site rq_node{2};
inline constexpr machine::Site rq_held{3};
inline constexpr machine::Site rq_spin{4};
inline constexpr machine::Site rq_deadlock{5};
inline constexpr machine::Site rq_timeout{6};
inline constexpr machine::Site rq_no_node{7};

inline constexpr machine::SiteInfo kTable[] = {
    {rq_word, machine::SiteKind::word, "rqspinlock.word",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "owner, pending waiter and tail of the queue"},
    {rq_node, machine::SiteKind::word, "rqspinlock.node",
     machine::verbs(machine::Verb::load, machine::Verb::store), "place in a lock's queue"},
    {rq_held, machine::SiteKind::word, "rqspinlock.held",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "locks that a CPU holds or attempts"},
    {rq_spin, machine::SiteKind::probe, "rqspinlock.spin", machine::verbs(machine::Verb::probe),
     "turn of a bounded wait"},
    {rq_deadlock, machine::SiteKind::limit, "rqspinlock.deadlock",
     machine::verbs(machine::Verb::limit), "the attempt would never succeed: -EDEADLK"},
    {rq_timeout, machine::SiteKind::limit, "rqspinlock.timeout",
     machine::verbs(machine::Verb::limit), "the attempt took too long: -ETIMEDOUT"},
    {rq_no_node, machine::SiteKind::limit, "rqspinlock.no_node",
     machine::verbs(machine::Verb::limit), "this context may not wait: it tries once"},
};

}  // namespace anyctx::sync::site
