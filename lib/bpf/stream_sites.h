// Sites of streams: ids 228..233. For those who use lib/bpf/stream.h.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::bpf::site {

inline constexpr machine::Site stream_log{228};
inline constexpr machine::Site stream_used{229};
inline constexpr machine::Site stream_full{230};
inline constexpr machine::Site stream_element{231};
inline constexpr machine::Site stream_mutex{232};
inline constexpr machine::Site stream_copied{233};

inline constexpr machine::SiteInfo kStreamTable[] = {
    {stream_log, machine::SiteKind::word, "stream.log",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of what was written and no reader has seen"},
    {stream_used, machine::SiteKind::word, "stream.used",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "bytes that a stream holds"},
    {stream_full, machine::SiteKind::limit, "stream.full", machine::verbs(machine::Verb::limit),
     "no room in a stream for a batch"},
    {stream_element, machine::SiteKind::limit, "stream.element",
     machine::verbs(machine::Verb::limit), "no memory for a piece of text"},
    {stream_mutex, machine::SiteKind::mutex, "stream.mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "readers of a stream"},
    {stream_copied, machine::SiteKind::probe, "stream.copied", machine::verbs(machine::Verb::probe),
     "text was copied to a reader, but not yet removed"},
};

}  // namespace anyctx::bpf::site
