// Sites of the parts of lib/page that map pages: ids 160..177. For those who use them.
#pragma once

#include "lib/machine/site.h"

namespace anyctx::page::site {

inline constexpr machine::Site leaf{160};
inline constexpr machine::Site leaf_mark{161};
inline constexpr machine::Site vm_area{162};
inline constexpr machine::Site table_top{163};
inline constexpr machine::Site table_middle{164};
inline constexpr machine::Site table_leaf{165};
inline constexpr machine::Site tlb_flush{166};
inline constexpr machine::Site areas_lock{167};
inline constexpr machine::Site mmap_lock{168};
inline constexpr machine::Site mmap_wait{169};
inline constexpr machine::Site mm_users{170};
inline constexpr machine::Site vma{171};
inline constexpr machine::Site pte_lock{172};
inline constexpr machine::Site pte{173};
inline constexpr machine::Site fault_again{174};
inline constexpr machine::Site fault_done{175};
inline constexpr machine::Site user_flush{176};
inline constexpr machine::Site mm_sleeps{177};

inline constexpr machine::SiteInfo kMemoryTable[] = {
    {leaf, machine::SiteKind::word, "page.leaf",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "what the kernel sees at one page's address"},
    {leaf_mark, machine::SiteKind::word, "page.leaf_mark",
     machine::verbs(machine::Verb::load, machine::Verb::rmw),
     "where anything was ever mapped in a page table"},
    {vm_area, machine::SiteKind::limit, "page.vm_area", machine::verbs(machine::Verb::limit),
     "no range of kernel addresses is left"},
    {table_top, machine::SiteKind::limit, "page.table_top", machine::verbs(machine::Verb::limit),
     "no page for a table of the top level"},
    {table_middle, machine::SiteKind::limit, "page.table_middle",
     machine::verbs(machine::Verb::limit), "no page for a table of a middle level"},
    {table_leaf, machine::SiteKind::limit, "page.table_leaf", machine::verbs(machine::Verb::limit),
     "no page for one of a middle table's tables of leaves"},
    {tlb_flush, machine::SiteKind::probe, "page.tlb_flush", machine::verbs(machine::Verb::probe),
     "flush asked for, the next CPU not yet reached"},
    {areas_lock, machine::SiteKind::lock, "page.areas_lock",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "ranges of kernel addresses"},
    {mmap_lock, machine::SiteKind::word, "mm.mmap_lock",
     machine::verbs(machine::Verb::load, machine::Verb::cas, machine::Verb::rmw),
     "readers and writer of a process's mappings"},
    {mmap_wait, machine::SiteKind::probe, "mm.mmap_wait", machine::verbs(machine::Verb::probe),
     "takes the lock of a process's mappings"},
    {mm_users, machine::SiteKind::word, "mm.users",
     machine::verbs(machine::Verb::load, machine::Verb::store, machine::Verb::cas,
                    machine::Verb::rmw),
     "users of a process's memory"},
    {vma, machine::SiteKind::limit, "mm.vma", machine::verbs(machine::Verb::limit),
     "no descriptor for a mapping"},
    {pte_lock, machine::SiteKind::lock, "mm.pte_lock",
     machine::verbs(machine::Verb::lock, machine::Verb::unlock), "page table of a process"},
    {pte, machine::SiteKind::limit, "mm.pte", machine::verbs(machine::Verb::limit),
     "no memory for a process's page table"},
    {fault_again, machine::SiteKind::probe, "mm.fault_again", machine::verbs(machine::Verb::probe),
     "access by a user that is repeated"},
    {fault_done, machine::SiteKind::probe, "mm.fault_done", machine::verbs(machine::Verb::probe),
     "page for a user found, not yet mapped"},
    {user_flush, machine::SiteKind::probe, "mm.user_flush", machine::verbs(machine::Verb::probe),
     "user mappings removed and flushed, references not yet dropped"},
    {mm_sleeps, machine::SiteKind::probe, "mm.sleeps", machine::verbs(machine::Verb::probe),
     "drops a use of a process's memory"},
};

}  // namespace anyctx::page::site
