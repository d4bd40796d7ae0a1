// KernelArena: an arena of the kernel's, with what lies in it that is ours: its locks and its
// deferred work. To processes it is the owner of their mappings.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "fuzzers/kernel/arena.h"
#include "fuzzers/targets/arena_own_stage.h"
#include "lib/bpf/sites.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/workqueue.h"
#include "lib/page/address_space.h"
#include "lib/sync/rqspinlock.h"

namespace anyctx::target {

class KernelArena final : public page::MappingOwner<inject::Sim> {
 public:
  using Sim = inject::Sim;
  using Space = page::AddressSpace<Sim>;
  using Vma = page::Vma<Sim>;
  using Fault = page::FaultResult<Sim>;

  /// No arena. `pages` is not owned. `recheck`: before the page of a fault is mapped in a process,
  /// it is looked at once more whether the arena has it still, which no kernel does.
  /// `kernel_lock`: which of the kernel's locks is behind the arena's; none: ours is.
  void reset(page::PageAllocator<Sim>& pages, bool recheck, std::optional<unsigned> kernel_lock);
  /// The kernel has made it. Nothing is owned.
  void created(bpf_map* map, page::KernelArea<Sim>& area, sync::RqCpus<Sim>& cpus);
  void gone() { map_ = nullptr; }
  bool exists() const { return map_ != nullptr; }

  bpf_map* map() const { return map_; }
  page::KernelArea<Sim>& area() const { return *area_; }
  /// Whether something of the kernel's lies in this arena.
  bool contains(const void* member) const;
  /// 0, -EDEADLK or -ETIMEDOUT.
  int lock_irqsave(machine::IrqState& state);
  void unlock_irqrestore(machine::IrqState state);
  /// Nobody has, awaits or queues for it.
  bool lock_is_free() const;
  void mutex_lock(const void* mutex);
  void mutex_unlock(const void* mutex);
  defer::IrqWork<Sim>& irq_work() { return parts_->irq_work; }
  defer::Work<Sim>& work() { return parts_->work; }
  bool idle() const { return parts_->irq_work.idle() && parts_->work.idle(); }
  /// Processes map it.
  bool is_mapped() const;

  // Of processes that map it.
  std::int64_t get_unmapped_area(Space& mm, const page::MapRequest& request) override;
  int map(Vma& vma) override;
  void open(Vma& vma) override;
  void close(Vma& vma) override;
  Fault fault(Vma& vma, const page::FaultRequest& request) override;
  bool may_install(Vma& vma, std::uint64_t address, page::Page<Sim>& page,
                   std::uint64_t cookie) override;

  /// The mapping that the kernel knows as `vma`; null if it is none of this arena.
  Vma* mapping_of(const vm_area_struct* vma);

 private:
  /// A mapping, and the kernel's structure for it.
  struct Mapping {
    Vma* vma = nullptr;  // null: free
    std::vector<std::uint64_t> storage;
    vm_area_struct* kernel() { return reinterpret_cast<vm_area_struct*>(storage.data()); }
  };
  /// More than processes can have.
  static constexpr unsigned kMappings = 16;

  /// What lies in the kernel's structure and is ours.
  struct Parts {
    explicit Parts(sync::RqCpus<Sim>& cpus) : lock(cpus) {}
    sync::RqSpinLock<Sim> lock;
    sync::Mutex<Sim, bpf::site::arena_mutex> mutex;
    sync::Mutex<Sim, bpf::site::arena_zap_mutex> zap_mutex;
    defer::IrqWork<Sim> irq_work;
    defer::Work<Sim> work;
  };

  bool is_zap_mutex(const void* mutex) const;
  Mapping& mapping_at(const Vma& vma);

  bpf_map* map_ = nullptr;
  page::KernelArea<Sim>* area_ = nullptr;
  page::PageAllocator<Sim>* pages_ = nullptr;
  bool recheck_ = false;
  std::optional<unsigned> kernel_lock_;
  std::optional<Parts> parts_;
  std::array<Mapping, kMappings> mappings_;
};

}  // namespace anyctx::target
