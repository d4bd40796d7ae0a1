// Arena: memory that programs, kernel and processes share, at addresses within 4 GiB.
// Source: Linux 7.3 kernel/bpf/arena.c, and the series that made it usable in every context.
//
// A slot is a page of the arena's addresses. Free slots are in a range tree; pages are mapped in
// the kernel's page table at once, and in processes when they are touched. Where it differs from
// the kernel:
//  - a freed slot can be had again only when nothing leads to its old page any more;
//  - a failure to get a node of the tree changes nothing, and loses no slot;
//  - an allocation that fails half-way gives back all that it took;
//  - a reservation at an address that is not page aligned is refused, not granted without effect.
// What stays as it is there: a deferred free for which there is no memory does nothing.
#pragma once

#include "lib/bpf/arena_attr.h"
#include "lib/bpf/arena_pages.h"
#include "lib/bpf/arena_teardown.h"
#include "lib/bpf/arena_users.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/workqueue.h"
#include "lib/page/kernel_space.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::bpf {

/// What arenas are made of. Not owned.
template <machine::Machine M>
struct ArenaEnv {
  page::PageAllocator<M>* pages = nullptr;
  slab::SlabAllocator<M>* slabs = nullptr;
  page::KernelSpace<M>* kernel = nullptr;
  page::MemCgroup<M>* payer = nullptr;
  sync::RqCpus<M>* lock_cpus = nullptr;
};

/// What a program's call may do.
enum class Sleeps : std::uint8_t { never, may };

/// Functions that take Sleeps are for every context with Sleeps::never, and for preemptible tasks
/// without locks with Sleeps::may. Sizes are in pages; user addresses count as the kernel counts
/// them: low halves only.
template <machine::Machine M>
class Arena final : public page::MappingOwner<M> {
 public:
  using Space = page::AddressSpace<M>;
  using Vma = page::Vma<M>;
  using Fault = page::FaultResult<M>;

  /// 0, or why not: see check_arena_attr(); -ENOMEM leaves nothing behind. Task context.
  static int create(const ArenaEnv<M>& env, const ArenaAttr& attr, Arena*& out);
  /// Nobody uses the arena any more. False: a process maps it, and it is left as it is. Task
  /// context.
  static bool destroy(Arena* arena);

  // Functions of programs.

  /// The user's address of `count` zeroed pages, at `address` if that is not 0, else where they fit
  /// best; 0: no. Refused: flags, a node that there is not, slots that no process can map.
  std::uint64_t alloc_pages(std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, Sleeps sleeps);
  /// Gives back allocated and reserved slots from the page of `pointer` on; what is outside of the
  /// arena, or free, is ignored. Sleeps::never: later, by the arena's worker.
  void free_pages(std::uint64_t pointer, std::uint32_t count, Sleeps sleeps);
  /// 0, -EINVAL, -EBUSY (slots are in use, or the lock is), -ENOMEM. Allocations leave out slots
  /// that are reserved; a touch by a process does not. Every context.
  int reserve_pages(std::uint64_t pointer, std::uint32_t count);

  // Of the map.

  /// The user's address of a byte of the arena, or -ERANGE.
  int direct_value_address(std::uint32_t offset, std::uint64_t& address) const {
    const UserWindow window = users_.window();
    if (offset >= window.size()) return -ERANGE;
    address = window.start;
    return 0;
  }
  /// Bytes. Every context.
  std::uint64_t mem_usage() const { return pages_.count() * pages_.page_size(); }

  // Of the kernel.

  /// Code of the kernel that a program called touched an address where nothing is mapped. True: it
  /// may try again. Every context.
  bool handle_kernel_fault(std::uint64_t at) {
    if (!layout_.has_kernel(at)) return false;
    pages_.map_scratch(at);
    return true;
  }
  page::KernelArea<M>& area() { return pages_.area(); }
  const ArenaLayout& layout() const { return layout_; }

  /// Returns when every free that was deferred before is over, unless the worker did not get the
  /// lock: then it tries again. Sleeps.
  void flush_deferred() {
    irq_work_.sync();
    work_.flush();
  }

  // Of processes that map it: see MappingOwner.

  std::int64_t get_unmapped_area(Space& mm, const page::MapRequest& request) override;
  int map(Vma& vma) override;
  void open(Vma& vma) override { users_.open(vma); }
  void close(Vma& vma) override { users_.close(vma); }
  Fault fault(Vma& vma, const page::FaultRequest& request) override;
  /// Every removal unmaps the leaf before it takes the lock that is held here, and a page that is
  /// referenced is not used again.
  bool may_install(Vma&, std::uint64_t address, page::Page<M>& page, std::uint64_t) override {
    return pages_.find(layout_.kernel_of(address)) == &page;
  }

  // For oracles: no decision points.

  UserWindow peek_window() const { return users_.peek_window(); }
  const ArenaPages<M>& peek_pages() const { return pages_; }
  const typename Teardowns<M>::Tree& peek_tree() const { return tree_; }
  const Teardowns<M>& peek_teardowns() const { return teardowns_; }
  const ArenaNodes<M>& peek_nodes() const { return nodes_; }
  const ArenaUsers<M>& peek_users() const { return users_; }
  std::uint32_t peek_lock() const { return lock_.peek(); }
  bool peek_idle() const { return irq_work_.idle() && work_.idle(); }
  /// Calls `f(slots)` for each free that waits for the worker.
  template <class F>
  void peek_spans(F f) const {
    peek_waiting([&](const Record& record) { f(record.slots()); });
  }
  /// Calls `f(bytes)` for the memory of each record of a free.
  template <class F>
  void peek_records(F f) const {
    peek_waiting([&](const Record& record) { f(std::size_t{record.bytes}); });
    teardowns_.peek_each_record([&](const Record& record) { f(std::size_t{record.bytes}); });
  }

 private:
  using Page = page::Page<M>;
  using Record = Teardown<M>;
  using Chain = PageChain<M>;

  /// The array of an allocation's pages. Its memory can become a record.
  struct Batch {
    Page** pages = nullptr;
    std::uint64_t limit = 0;
    std::size_t bytes = 0;
  };

  /// Pages that are unmapped, and what is to be done with them.
  struct Removal {
    Record* record = nullptr;
    Slots slots;
    Chain chain;
  };
  static constexpr unsigned kSpansAtOnce = 16;

  // Lifetime.
  Arena(const ArenaEnv<M>& env, const ArenaAttr& attr);
  int start(const ArenaAttr& attr, page::KernelArea<M>& area);
  void take_down();

  template <class F>
  void peek_waiting(F f) const;

  // Lock.
  int lock(machine::IrqState& state);
  void unlock(machine::IrqState state) { lock_.unlock_irqrestore(state); }

  // Allocation.
  bool make_batch(std::uint32_t count, Batch& batch);
  std::uint64_t allocate(const Batch& batch, Slots asked, bool fixed, int node, Sleeps sleeps);
  bool find_slots(Slots& slots, bool fixed) const;
  std::uint64_t populate(const Batch& batch, Slots slots, int node);
  void undo(const Batch& batch, Slots slots, Sleeps sleeps, machine::IrqState state);

  // Freeing.
  void free_now(Slots slots);
  void free_later(Slots slots);
  void queue(Record& span, Slots slots);
  bool take_away(Record& record, Slots slots, Chain& chain);
  void unmap(Slots slots, Chain& chain);
  void remove(Slots slots, Chain& chain);
  void settle();
  static void raise(void* self, unsigned) { static_cast<Arena*>(self)->work_.schedule(); }
  static void work(void* self) { static_cast<Arena*>(self)->handle_spans(); }
  void handle_spans();
  bool handle_some_spans(bool& more);
  unsigned take_spans(Removal* removals, unsigned& count);

  // Faults.
  Page* page_for_user(std::uint64_t slot, std::uint64_t at, typename Fault::Kind& otherwise);
  Page* new_page(std::uint64_t slot, std::uint64_t at);

  std::uint64_t kernel_of(std::uint64_t slot) const {
    return layout_.kernel_of_slot(users_.window(), slot);
  }

  ArenaEnv<M> env_;
  ArenaLayout layout_;
  bool segv_on_fault_;
  std::uint32_t batch_limit_;
  sync::RqSpinLock<M> lock_;
  ArenaMemory<M> memory_;
  ArenaNodes<M> nodes_;
  typename Teardowns<M>::Tree tree_;
  Teardowns<M> teardowns_;
  ArenaPages<M> pages_;
  ArenaUsers<M> users_;
  defer::Llist<M, site::arena_spans> spans_;
  defer::LlistNode* taken_spans_ = nullptr;  // worker's
  defer::IrqWork<M> irq_work_;
  defer::Work<M> work_;
};

}  // namespace anyctx::bpf

#include "lib/bpf/arena_alloc.h"
#include "lib/bpf/arena_free.h"
#include "lib/bpf/arena_lifetime.h"
#include "lib/bpf/arena_user.h"
