// Sites of lib/bpf: ids 128..159 and 192..239. Those of streams and local storage, 228..239, are in
// stream_sites.h and local_storage_sites.h.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::bpf::site {

// Range tree: 128..131.
inline constexpr machine::Site range_split{128};
inline constexpr machine::Site range_new{129};

// Arena: 132..159.
inline constexpr machine::Site arena_window{132};
inline constexpr machine::Site arena_counter{133};
inline constexpr machine::Site arena_spans{134};
inline constexpr machine::Site arena_teardown{135};
inline constexpr machine::Site arena_struct{136};
inline constexpr machine::Site arena_scratch{137};
inline constexpr machine::Site arena_array{138};
inline constexpr machine::Site arena_page{139};
inline constexpr machine::Site arena_install{140};
inline constexpr machine::Site arena_span{141};
inline constexpr machine::Site arena_record{142};
inline constexpr machine::Site arena_no_teardown{143};
inline constexpr machine::Site arena_locked{144};
inline constexpr machine::Site arena_unwound{145};
inline constexpr machine::Site arena_scratch_gap{146};
inline constexpr machine::Site arena_to_flush{147};
inline constexpr machine::Site arena_to_zap{148};
inline constexpr machine::Site arena_to_free{149};
inline constexpr machine::Site arena_pushed{150};
inline constexpr machine::Site arena_worker{151};
inline constexpr machine::Site arena_faulted{152};
inline constexpr machine::Site arena_zap_step{153};
inline constexpr machine::Site arena_zap_mutex{154};
inline constexpr machine::Site arena_mutex{155};
inline constexpr machine::Site arena_sleeps{156};
inline constexpr machine::Site arena_spare{157};

// MemAlloc: 200..213.
inline constexpr machine::Site mem_active{200};
inline constexpr machine::Site mem_busy{201};
inline constexpr machine::Site mem_count{202};
inline constexpr machine::Site mem_target{203};
inline constexpr machine::Site mem_extra{204};
inline constexpr machine::Site mem_waiting{205};
inline constexpr machine::Site mem_trace_lock{206};
inline constexpr machine::Site mem_state{207};
inline constexpr machine::Site mem_draining{208};
inline constexpr machine::Site mem_empty{209};
inline constexpr machine::Site mem_object{210};
inline constexpr machine::Site mem_struct{211};
inline constexpr machine::Site mem_remains{212};
inline constexpr machine::Site mem_step{213};

inline constexpr machine::SiteInfo kTable[] = {
    {range_split, machine::SiteKind::limit, "range_tree.split",
     machine::verbs(machine::Verb::limit), "no node for the second half of a run that is split"},
    {range_new, machine::SiteKind::limit, "range_tree.new", machine::verbs(machine::Verb::limit),
     "no node for a run that nothing adjoins"},
};

/// For those who use lib/bpf/arena.h.
inline constexpr machine::SiteInfo kArenaTable[] = {
    {arena_window, machine::SiteKind::word, "arena.window",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "start and end of the user's addresses"},
    {arena_counter, machine::SiteKind::word, "arena.counter",
     machine::verbs(machine::Verb::load, machine::Verb::rmw), "pages that are mapped"},
    {arena_spans, machine::SiteKind::word, "arena.spans",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of freed spans that wait for the worker"},
    {arena_teardown, machine::SiteKind::word, "arena.teardown",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "how far the removal of some slots' pages has come"},
    {arena_spare, machine::SiteKind::word, "arena.spare",
     machine::verbs(machine::Verb::load, machine::Verb::rmw), "node of the tree in reserve"},
    {arena_struct, machine::SiteKind::limit, "arena.struct", machine::verbs(machine::Verb::limit),
     "no memory for an arena"},
    {arena_scratch, machine::SiteKind::limit, "arena.scratch", machine::verbs(machine::Verb::limit),
     "no scratch page for an arena"},
    {arena_array, machine::SiteKind::limit, "arena.array", machine::verbs(machine::Verb::limit),
     "no array for the pages of an allocation"},
    {arena_page, machine::SiteKind::limit, "arena.page", machine::verbs(machine::Verb::limit),
     "no page for a slot"},
    {arena_install, machine::SiteKind::limit, "arena.install", machine::verbs(machine::Verb::limit),
     "a page cannot be mapped"},
    {arena_span, machine::SiteKind::limit, "arena.span", machine::verbs(machine::Verb::limit),
     "no record for a deferred free"},
    {arena_record, machine::SiteKind::limit, "arena.record", machine::verbs(machine::Verb::limit),
     "no record for a mapping by user space"},
    {arena_no_teardown, machine::SiteKind::limit, "arena.no_teardown",
     machine::verbs(machine::Verb::limit), "too many frees at once: this one is deferred"},
    {arena_locked, machine::SiteKind::probe, "arena.locked", machine::verbs(machine::Verb::probe),
     "lock taken by an operation, nothing done yet"},
    {arena_unwound, machine::SiteKind::probe, "arena.unwound", machine::verbs(machine::Verb::probe),
     "allocation that failed half-way, lock released, pages not yet freed"},
    {arena_scratch_gap, machine::SiteKind::probe, "arena.scratch_gap",
     machine::verbs(machine::Verb::probe), "scratch page unmapped, what comes next not yet mapped"},
    {arena_to_flush, machine::SiteKind::probe, "arena.to_flush",
     machine::verbs(machine::Verb::probe), "pages unmapped, translations not yet flushed"},
    {arena_to_zap, machine::SiteKind::probe, "arena.to_zap", machine::verbs(machine::Verb::probe),
     "translations flushed, user mappings not yet removed"},
    {arena_to_free, machine::SiteKind::probe, "arena.to_free", machine::verbs(machine::Verb::probe),
     "user mappings removed, pages not yet freed"},
    {arena_pushed, machine::SiteKind::probe, "arena.pushed", machine::verbs(machine::Verb::probe),
     "deferred free published, interrupt not yet raised"},
    {arena_worker, machine::SiteKind::probe, "arena.worker", machine::verbs(machine::Verb::probe),
     "between two of the worker's turns with the lock"},
    {arena_faulted, machine::SiteKind::probe, "arena.faulted", machine::verbs(machine::Verb::probe),
     "page found for a user, not yet mapped there"},
    {arena_zap_step, machine::SiteKind::probe, "arena.zap_step",
     machine::verbs(machine::Verb::probe), "between two mappings that a removal looks at"},
    {arena_zap_mutex, machine::SiteKind::mutex, "arena.zap_mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock),
     "removals from user mappings, one at a time"},
    {arena_mutex, machine::SiteKind::mutex, "arena.mutex",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "list of user mappings"},
    {arena_sleeps, machine::SiteKind::probe, "arena.sleeps", machine::verbs(machine::Verb::probe),
     "a variant that may sleep begins"},
};

/// For those who use lib/bpf/mem_alloc.h.
inline constexpr machine::SiteInfo kMemAllocTable[] = {
    {mem_active, machine::SiteKind::word, "mem_alloc.active", machine::verbs(machine::Verb::rmw),
     "how many frames of a CPU are inside its cache"},
    {mem_busy, machine::SiteKind::limit, "mem_alloc.busy", machine::verbs(machine::Verb::limit),
     "an interrupted frame is inside the cache"},
    {mem_count, machine::SiteKind::word, "mem_alloc.count",
     machine::verbs(machine::Verb::load, machine::Verb::store), "objects at hand in a cache"},
    {mem_target, machine::SiteKind::word, "mem_alloc.target",
     machine::verbs(machine::Verb::load, machine::Verb::store),
     "cache that the last freed object came from"},
    {mem_extra, machine::SiteKind::word, "mem_alloc.extra",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of objects freed while the cache was busy"},
    {mem_waiting, machine::SiteKind::word, "mem_alloc.waiting",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "list of objects before or in a grace period"},
    {mem_trace_lock, machine::SiteKind::raw_lock, "mem_alloc.trace_lock",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock),
     "who takes objects out of the lists for Tasks Trace"},
    {mem_state, machine::SiteKind::word, "mem_alloc.state",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas,
                    machine::Verb::rmw),
     "whether a cache waits for a grace period"},
    {mem_draining, machine::SiteKind::word, "mem_alloc.draining",
     machine::verbs(machine::Verb::load, machine::Verb::store), "a cache is being destroyed"},
    {mem_empty, machine::SiteKind::limit, "mem_alloc.empty", machine::verbs(machine::Verb::limit),
     "a cache has no object at hand"},
    {mem_object, machine::SiteKind::limit, "mem_alloc.object", machine::verbs(machine::Verb::limit),
     "no memory for another object of a cache"},
    {mem_struct, machine::SiteKind::limit, "mem_alloc.struct", machine::verbs(machine::Verb::limit),
     "no memory for the caches of an allocator"},
    {mem_remains, machine::SiteKind::limit, "mem_alloc.remains",
     machine::verbs(machine::Verb::limit),
     "no memory to leave the rest of a destruction to others"},
    {mem_step, machine::SiteKind::probe, "mem_alloc.step", machine::verbs(machine::Verb::probe),
     "between two objects or lists that are dealt with one by one"},
};

}  // namespace anyctx::bpf::site
