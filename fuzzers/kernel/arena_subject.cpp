#include "fuzzers/kernel/arena_subject.h"

#include "fuzzers/kernel/kernel_arena_inspector.h"
#include "inject/kernel/boundary.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::Sim;

class KernelArenaSubject final : public ArenaSubject, private inject::HideWatch {
 public:
  KernelArenaSubject(inject::Simulation& simulation, const KernelContract& contract)
      : simulation_(simulation), contract_(contract), inspector_(stage_) {}
  ~KernelArenaSubject() override { simulation_.memory().watch(nullptr); }

  void reset(const ArenaOptions& options, PageFreedListener* listener) override {
    listener_ = listener;
    stage_.reset(simulation_.memory(), options, contract_);
    simulation_.memory().watch(this);
  }
  const ArenaInspector& inspector() const override { return inspector_; }
  ArenaStrictness strictness() const override;

  int map_create(unsigned arena, const model::ArenaAttributes& attributes) override;
  void map_destroy(unsigned arena) override;
  int map_op(unsigned arena, model::MapOp op) override {
    const KernelCode inside;
    return anyctx_arena_op(map(arena), static_cast<unsigned>(op));
  }
  int direct_value_address(unsigned arena, std::uint32_t offset, std::uint64_t& address) override {
    const KernelCode inside;
    return anyctx_arena_direct_value(map(arena), offset, &address);
  }
  std::uint64_t mem_usage(unsigned arena) override;

  std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    const KernelCode inside;
    return anyctx_arena_alloc_pages(map(arena), address, count, node, flags, sleepable);
  }
  void free_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count,
                  bool sleepable) override {
    const KernelCode inside;
    anyctx_arena_free_pages(map(arena), pointer, count, sleepable);
  }
  int reserve_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count) override {
    const KernelCode inside;
    return anyctx_arena_reserve_pages(map(arena), pointer, count);
  }

  std::byte* program_access(unsigned arena, std::int64_t offset, bool) override {
    return access(arena, offset);
  }
  std::byte* kernel_access(unsigned arena, std::int64_t offset) override;

  std::int64_t mmap(unsigned arena, unsigned process, const model::MmapAsk& ask) override;
  int munmap(unsigned process, std::uint64_t address, std::uint64_t length) override {
    return machine().space(process).unmap(address, length);
  }
  void fork(unsigned parent, unsigned child) override {
    machine().new_space(child);
    static_cast<void>(machine().space(parent).fork(machine().space(child)));
  }
  void exit(unsigned process) override { machine().new_space(process); }
  TouchResult touch(unsigned process, std::uint64_t address, bool write,
                    TouchListener& listener) override;

  void drain(unsigned arena) override {
    while (!stage_.arena(arena).idle()) flush_deferred(arena);
  }
  void trim() override {
    machine().slabs.deferred_work_barrier();
    machine().pages.drain_all_pcp();
    machine().pages.drain_parked();
  }

 private:
  ArenaStage& machine() { return stage_.machine(); }
  bpf_map* map(unsigned arena) const { return stage_.arena(arena).map(); }
  void flush_deferred(unsigned arena) {
    stage_.arena(arena).irq_work().sync();
    stage_.arena(arena).work().flush();
  }
  std::byte* memory(const page::Page<Sim>* page) {
    return page == nullptr ? nullptr : static_cast<std::byte*>(machine().pages.address(page));
  }
  /// The last thing it does is to look at the TLB.
  std::byte* access(unsigned arena, std::int64_t offset) {
    const std::uint64_t address =
        anyctx_arena_kernel_start(map(arena)) + static_cast<std::uint64_t>(offset);
    page::KernelArea<Sim>& area = stage_.arena(arena).area();
    if (address < area.start() || address >= area.end()) return nullptr;
    return memory(area.access(address));
  }

  void hidden(const void* p, std::size_t n) override {
    const page::Page<Sim>* const page = machine().pages.page_of(p);
    const std::size_t page_size = machine().pages.page_size();
    if (page == nullptr || n % page_size != 0 || memory(page) != p) return;
    const auto first = static_cast<ArenaPage>(machine().pages.pfn(page));
    for (std::size_t i = 0; i < n / page_size; ++i) {
      listener_->page_freed(first + static_cast<ArenaPage>(i));
    }
  }

  inject::Simulation& simulation_;
  const KernelContract& contract_;
  KernelArenaStage stage_;
  KernelArenaInspector inspector_;
  PageFreedListener* listener_ = nullptr;
};

ArenaStrictness KernelArenaSubject::strictness() const {
  ArenaStrictness strictness;
  strictness.tree_is_transactional = !contract_.allows(Difference::failure_loses_ranges);
  strictness.faults_keep_reservations = !contract_.allows(Difference::fault_frees_reservation);
  strictness.reuse_after_flush = !contract_.allows(Difference::reuse_before_flush);
  strictness.scratch_is_flushed = !contract_.allows(Difference::scratch_is_remembered);
  strictness.destroy_unmaps_first = !contract_.allows(Difference::destroy_before_unmap);
  return strictness;
}

/// Entries are 32 bits wide for the kernel; more than that were never asked for.
int KernelArenaSubject::map_create(unsigned arena, const model::ArenaAttributes& attributes) {
  const anyctx_arena_attributes asked = {
      .key_size = attributes.key_size,
      .value_size = attributes.value_size,
      .max_entries = static_cast<std::uint32_t>(attributes.max_entries),
      .map_flags = attributes.map_flags,
      .map_extra = attributes.map_extra,
  };
  bpf_map* created = nullptr;
  int result = 0;
  {
    const KernelCode inside;
    result = anyctx_arena_create(&asked, &created);
  }
  if (result != 0) return result;
  stage_.arena(arena).created(created, *stage_.area_of(anyctx_arena_kernel_start(created)),
                              *machine().lock_cpus);
  return 0;
}

/// The kernel counts who maps an arena, and does not come here before.
void KernelArenaSubject::map_destroy(unsigned arena) {
  while (stage_.arena(arena).is_mapped()) flush_deferred(arena);
  const KernelCode inside;
  anyctx_arena_free(map(arena));
}

/// Versions that do not count say 0, which is known.
std::uint64_t KernelArenaSubject::mem_usage(unsigned arena) {
  std::uint64_t pages = 0;
  if (contract_.allows(Difference::usage_is_not_counted) &&
      !anyctx_arena_counter(map(arena), &pages)) {
    return inspector_.counter(arena) << machine().options.page_shift;
  }
  const KernelCode inside;
  return anyctx_arena_mem_usage(map(arena));
}

std::byte* KernelArenaSubject::kernel_access(unsigned arena, std::int64_t offset) {
  const std::uint64_t address =
      anyctx_arena_kernel_start(map(arena)) + static_cast<std::uint64_t>(offset);
  for (;;) {
    if (std::byte* const found = access(arena, offset)) return found;
    const KernelCode inside;
    if (!anyctx_arena_handle_fault(map(arena), address)) return nullptr;
  }
}

std::int64_t KernelArenaSubject::mmap(unsigned arena, unsigned process, const model::MmapAsk& ask) {
  page::MapRequest request;
  request.address = ask.address;
  request.length = ask.length;
  request.pgoff = ask.offset;
  request.shared = ask.shared;
  std::uint64_t address = 0;
  const int error = machine().space(process).map(stage_.arena(arena), request, address);
  return error != 0 ? error : static_cast<std::int64_t>(address);
}

TouchResult KernelArenaSubject::touch(unsigned process, std::uint64_t address, bool write,
                                      TouchListener& listener) {
  const page::Touch result = machine().space(process).touch(
      address, write, [&](const page::Page<Sim>& page) { listener.touched(memory(&page)); });
  switch (result) {
    case page::Touch::done:
      return TouchResult::done;
    case page::Touch::sigbus:
      return TouchResult::sigbus;
    case page::Touch::sigsegv:
      break;
  }
  return TouchResult::sigsegv;
}

}  // namespace

std::unique_ptr<ArenaSubject> make_kernel_arena_subject(inject::Simulation& simulation,
                                                        const KernelContract& contract) {
  return std::make_unique<KernelArenaSubject>(simulation, contract);
}

}  // namespace anyctx::target
