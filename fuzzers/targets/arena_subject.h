// ArenaSubject: BPF arenas under test, by the names, arguments and results of the kernel's API,
// with the processes and programs that use them.
//
// Whoever implements it stands for one implementation: that in lib/bpf, or the user's kernel
// sources. The target, its model and its oracles know nothing else of it. Arenas and processes go
// by small numbers, page frames by their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fuzzers/model/arena_errors.h"
#include "fuzzers/targets/arena_inspector.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

/// The machine.
struct ArenaOptions {
  std::uint32_t pages = 256;  // of memory
  unsigned page_shift = 12;
  std::uint32_t batch = 0;   // the most pages of one step of an allocation; 0: the natural number
  bool always_null = false;  // objects are not to be had without waiting
  unsigned processes = 2;
};

/// How strictly a subject is judged.
struct ArenaStrictness {
  // The tree changes wholly or not at all when it gets no node.
  bool tree_is_transactional = true;
  // Slots can be allocated again only when no CPU remembers what they were.
  bool reuse_after_flush = true;
  // The same where kernel code was let through at an empty slot.
  bool scratch_is_flushed = true;
  // A fault that fails leaves what was reserved.
  bool faults_keep_reservations = true;
  // destroy() gives pages back only when the mapping is gone.
  bool destroy_unmaps_first = true;
};

/// What a touch of memory from user space comes to.
enum class TouchResult : std::uint8_t { done, sigsegv, sigbus };

/// Who wants to know when page frames go back to the page allocator, in whatever context.
class PageFreedListener {
 public:
  virtual void page_freed(ArenaPage page) = 0;

 protected:
  ~PageFreedListener() = default;
};

/// Who wants to see what a touch leads to, at the moment of the access.
class TouchListener {
 public:
  virtual void touched(std::byte* memory) = 0;  // the first byte of the page

 protected:
  ~TouchListener() = default;
};

class ArenaSubject {
 public:
  static constexpr unsigned kArenas = 2;
  static constexpr unsigned kProcesses = 3;

  virtual ~ArenaSubject() = default;

  /// Starts over: all memory is free, no arena, processes that map nothing. `listener` is not
  /// owned.
  virtual void reset(const ArenaOptions& options, PageFreedListener* listener) = 0;
  virtual const ArenaInspector& inspector() const = 0;
  virtual ArenaStrictness strictness() const = 0;

  // The map. Errors are negative.
  virtual int map_create(unsigned arena, const model::ArenaAttributes& attributes) = 0;
  virtual void map_destroy(unsigned arena) = 0;  // nobody maps or uses it any more
  virtual int map_op(unsigned arena, model::MapOp op) = 0;
  /// The constant address of byte `offset` of the arena for programs.
  virtual int direct_value_address(unsigned arena, std::uint32_t offset,
                                   std::uint64_t& address) = 0;
  virtual std::uint64_t mem_usage(unsigned arena) = 0;

  // Functions for programs. `sleepable`: which of the two variants.
  virtual std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count,
                                    int node, std::uint64_t flags, bool sleepable) = 0;
  virtual void free_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count,
                          bool sleepable) = 0;
  virtual int reserve_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count) = 0;

  // Accesses of this CPU to the byte that is `offset` from the beginning of the kernel's mapping,
  // through its TLB: the low half of an address, with a displacement of 16 bits. The first byte of
  // the page; null: it faulted (a program goes on), or was not recovered (kernel code).
  virtual std::byte* program_access(unsigned arena, std::int64_t offset, bool write) = 0;
  virtual std::byte* kernel_access(unsigned arena, std::int64_t offset) = 0;

  // Processes.
  /// The address, or a negative error.
  virtual std::int64_t mmap(unsigned arena, unsigned process, const model::MmapAsk& ask) = 0;
  virtual int munmap(unsigned process, std::uint64_t address, std::uint64_t length) = 0;
  virtual void fork(unsigned parent, unsigned child) = 0;  // the child maps nothing before
  virtual void exit(unsigned process) = 0;
  virtual TouchResult touch(unsigned process, std::uint64_t address, bool write,
                            TouchListener& listener) = 0;

  /// Waits until the frees that wait for the arena's worker are done. Task context.
  virtual void drain(unsigned arena) = 0;
  /// Gives back what caches keep: memory that nobody uses is free afterwards. Task context.
  virtual void trim() = 0;
};

/// The arena in lib/bpf.
std::unique_ptr<ArenaSubject> make_own_arena_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
