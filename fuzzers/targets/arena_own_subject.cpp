// The arenas in lib/bpf as an ArenaSubject.
#include "fuzzers/targets/arena_own_inspector.h"
#include "inject/sim/unwatched.h"
#include "lib/bpf/map_op.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Unwatched;
using inject::Watched;

bpf::Sleeps sleeps(bool sleepable) {
  return sleepable ? bpf::Sleeps::may : bpf::Sleeps::never;
}

class OwnArenaSubject final : public ArenaSubject, private inject::HideWatch {
 public:
  explicit OwnArenaSubject(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(stage_) {}
  ~OwnArenaSubject() override { simulation_.memory().watch(nullptr); }

  void reset(const ArenaOptions& options, PageFreedListener* listener) override {
    listener_ = listener;
    stage_.reset(simulation_.memory(), options);
    simulation_.memory().watch(this);
  }
  const ArenaInspector& inspector() const override { return inspector_; }
  ArenaStrictness strictness() const override { return {}; }

  int map_create(unsigned arena, const model::ArenaAttributes& attributes) override;
  void map_destroy(unsigned arena) override;
  int map_op(unsigned, model::MapOp op) override {
    return bpf::arena_map_op(static_cast<bpf::MapOp>(op));
  }
  int direct_value_address(unsigned arena, std::uint32_t offset, std::uint64_t& address) override {
    const Watched watched;
    return at(arena).direct_value_address(offset, address);
  }
  std::uint64_t mem_usage(unsigned arena) override {
    const Watched watched;
    return at(arena).mem_usage();
  }

  std::uint64_t alloc_pages(unsigned arena, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    const Watched watched;
    return at(arena).alloc_pages(address, count, node, flags, sleeps(sleepable));
  }
  void free_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count,
                  bool sleepable) override {
    const Watched watched;
    at(arena).free_pages(pointer, count, sleeps(sleepable));
  }
  int reserve_pages(unsigned arena, std::uint64_t pointer, std::uint32_t count) override {
    const Watched watched;
    return at(arena).reserve_pages(pointer, count);
  }

  std::byte* program_access(unsigned arena, std::int64_t offset, bool) override {
    const Watched watched;
    return access(arena, offset);
  }
  std::byte* kernel_access(unsigned arena, std::int64_t offset) override;

  std::int64_t mmap(unsigned arena, unsigned process, const model::MmapAsk& ask) override;
  int munmap(unsigned process, std::uint64_t address, std::uint64_t length) override {
    const Watched watched;
    return stage_.space(process).unmap(address, length);
  }
  void fork(unsigned parent, unsigned child) override {
    const Watched watched;
    stage_.new_space(child);
    static_cast<void>(stage_.space(parent).fork(stage_.space(child)));
  }
  void exit(unsigned process) override {
    const Watched watched;
    stage_.new_space(process);
  }
  TouchResult touch(unsigned process, std::uint64_t address, bool write,
                    TouchListener& listener) override;

  void drain(unsigned arena) override {
    while (!at(arena).peek_idle()) {
      const Watched watched;
      at(arena).flush_deferred();
    }
  }
  void trim() override {
    const Watched watched;
    stage_.slabs.deferred_work_barrier();
    stage_.pages.drain_all_pcp();
    stage_.pages.drain_parked();
  }

 private:
  ArenaStage::Arena& at(unsigned arena) { return *stage_.arenas[arena].load(); }
  std::byte* memory(const page::Page<Sim>* page) {
    return page == nullptr ? nullptr : static_cast<std::byte*>(stage_.pages.address(page));
  }
  /// The last thing it does is to look at the TLB.
  std::byte* access(unsigned arena, std::int64_t offset) {
    const std::uint64_t address =
        at(arena).layout().kernel_start() + static_cast<std::uint64_t>(offset);
    if (!at(arena).layout().has_kernel(address)) return nullptr;
    return memory(at(arena).area().access(address));
  }

  /// Slabs give up objects: an arena is one. Otherwise, whole pages.
  void hidden(const void* p, std::size_t n) override {
    for (std::atomic<ArenaStage::Arena*>& arena : stage_.arenas) {
      if (arena == p) arena = nullptr;
    }
    const page::Page<Sim>* const page = stage_.pages.page_of(p);
    if (page == nullptr || n % stage_.pages.page_size() != 0 || memory(page) != p) return;
    const Unwatched unwatched;
    const auto first = static_cast<ArenaPage>(stage_.pages.pfn(page));
    for (std::size_t i = 0; i < n / stage_.pages.page_size(); ++i) {
      listener_->page_freed(first + static_cast<ArenaPage>(i));
    }
  }

  inject::Simulation& simulation_;
  ArenaStage stage_;
  OwnArenaInspector inspector_;
  PageFreedListener* listener_ = nullptr;
};

int OwnArenaSubject::map_create(unsigned arena, const model::ArenaAttributes& attributes) {
  bpf::ArenaAttr attr;
  attr.key_size = attributes.key_size;
  attr.value_size = attributes.value_size;
  attr.max_entries = attributes.max_entries;
  attr.map_flags = attributes.map_flags;
  attr.map_extra = attributes.map_extra;
  attr.batch_limit = stage_.options.batch;
  ArenaStage::Arena* created = nullptr;
  const Watched watched;
  const int result = ArenaStage::Arena::create(stage_.env(), attr, created);
  if (result == 0) stage_.arenas[arena] = created;
  return result;
}

void OwnArenaSubject::map_destroy(unsigned arena) {
  const Watched watched;
  // A process that ended can be kept by a removal: until that is over, it maps the arena.
  while (!ArenaStage::Arena::destroy(&at(arena))) at(arena).flush_deferred();
}

std::byte* OwnArenaSubject::kernel_access(unsigned arena, std::int64_t offset) {
  const Watched watched;
  const std::uint64_t address =
      at(arena).layout().kernel_start() + static_cast<std::uint64_t>(offset);
  for (;;) {
    if (std::byte* const found = access(arena, offset)) return found;
    if (!at(arena).handle_kernel_fault(address)) return nullptr;
  }
}

std::int64_t OwnArenaSubject::mmap(unsigned arena, unsigned process, const model::MmapAsk& ask) {
  page::MapRequest request;
  request.address = ask.address;
  request.length = ask.length;
  request.pgoff = ask.offset;
  request.shared = ask.shared;
  std::uint64_t address = 0;
  const Watched watched;
  const int error = stage_.space(process).map(at(arena), request, address);
  return error != 0 ? error : static_cast<std::int64_t>(address);
}

TouchResult OwnArenaSubject::touch(unsigned process, std::uint64_t address, bool write,
                                   TouchListener& listener) {
  const Watched watched;
  const page::Touch result =
      stage_.space(process).touch(address, write, [&](const page::Page<Sim>& page) {
        const Unwatched unwatched;
        listener.touched(memory(&page));
      });
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

std::unique_ptr<ArenaSubject> make_own_arena_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnArenaSubject>(simulation);
}

}  // namespace anyctx::target
