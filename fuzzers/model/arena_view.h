// What a model of an arena may know of its inside: plain copies of what is found there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzzers/model/arena_geometry.h"

namespace anyctx::model {

using ArenaPage = std::uint32_t;  // number of a page frame
inline constexpr ArenaPage kNoArenaPage = ~0u;

/// A page of the kernel's mapping that is not empty.
struct LeafView {
  std::int64_t kernel_page = 0;  // from the beginning of the mapping; negative: before it
  ArenaPage page = kNoArenaPage;
  bool scratch = false;
  bool unsynced = false;  // caches that go by addresses may not know it yet
};

/// A page that a process has in its own page table.
struct UserPteView {
  unsigned process = 0;
  std::uint64_t address = 0;
  ArenaPage page = kNoArenaPage;
};

/// What a CPU remembers of the kernel's mapping.
struct TlbView {
  unsigned cpu = 0;
  std::int64_t kernel_page = 0;
  ArenaPage page = kNoArenaPage;
  bool scratch = false;
};

/// A mapping of the arena in some process, as the arena knows it.
struct VmaView {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};

struct ArenaPageView {
  std::int32_t references = 0;
  bool free = true;
};

/// Everything at one moment.
struct ArenaSnapshot {
  std::vector<SlotRange> runs;  // free slots, by first
  std::string_view tree_fault;  // what the tree's own check found
  std::vector<LeafView> leaves;
  std::uint64_t counter = 0;  // pages, as the arena counts them
};

}  // namespace anyctx::model
