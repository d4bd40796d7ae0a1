// KernelMemStage: the machine that the kernel's bpf_mem_alloc lives on: what mem_alloc_services.h
// names.
#pragma once

#include <deque>
#include <map>
#include <string_view>

#include "fuzzers/kernel/current.h"
#include "fuzzers/targets/heap_blocks.h"
#include "fuzzers/targets/slab_stack.h"
#include "lib/defer/irq_work.h"

struct irq_work;
struct rcu_head;
struct work_struct;

namespace anyctx::target {

/// One at a time is asked by the kernel: that which was reset last.
class KernelMemStage : public Current<KernelMemStage> {
 public:
  using Sim = inject::Sim;
  using IrqWork = defer::IrqWork<Sim>;
  using Work = defer::Work<Sim>;

  void reset(inject::Memory& memory, const SlabOptions& options);

  SlabStack& stack() { return stack_; }
  const SlabStack& stack() const { return stack_; }
  defer::Grace<Sim>& grace() { return stack_.grace; }

  // For the kernel.
  void* allocate(std::size_t bytes, bool sleeps, bool zeroed, std::string_view caller);
  void release(void* object) { stack_.slabs.kfree(object); }
  void* allocate_percpu(std::size_t bytes);
  void release_percpu(void* data);
  void init(irq_work* work);
  /// Precondition: initialised.
  IrqWork& irq_work_of(const irq_work* work);
  bool queue(work_struct* work);
  void call(rcu_head* head, bool trace);

  /// Waits for all work that was queued. Preemptible tasks.
  void flush_works();

  // For oracles.
  bool is_idle(const void* work) const;
  std::int64_t percpu_blocks() const { return percpu_.count(); }

 private:
  // Ours lie beside the kernel's, not in their place, so that what the kernel does to its memory
  // after the last use is its own affair.
  struct IrqWorkSlot {
    irq_work* work = nullptr;
    IrqWork own;
  };
  struct WorkSlot {
    work_struct* work = nullptr;
    Work own;
  };
  struct Callback {
    defer::RcuHead<Sim> own;   // first: its address is handed back
    rcu_head* head = nullptr;  // null: nothing waits
  };

  // Workers that wait for grace periods nest (inject/sim/asleep.h), so they must not be too many.
  static constexpr unsigned kMostWorks = 3;

  unsigned busy_works() const;

  SlabStack stack_;
  HeapBlocks percpu_;
  std::deque<IrqWorkSlot> irq_work_slots_;
  std::map<const void*, IrqWorkSlot*> irq_works_;
  std::deque<WorkSlot> works_;
  std::deque<Callback> callbacks_;
};

}  // namespace anyctx::target
