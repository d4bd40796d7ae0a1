#include "fuzzers/kernel/objpool_subject.h"

#include "fuzzers/kernel/objpool.h"
#include "fuzzers/kernel/provider.h"
#include "fuzzers/targets/heap_blocks.h"
#include "fuzzers/targets/objpool_schema.h"
#include "inject/kernel/boundary.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/pool_sites.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::KernelLeft;
using inject::Sim;

/// Memory for pools.
class BlockProvider final : public KernelProvider {
 public:
  void reset() {
    blocks_.reset();
    set_current();
  }
  std::int64_t count() const { return blocks_.count(); }

  void* allocate(std::size_t bytes, std::string_view) override {
    return Sim::fails(bpf::site::objpool_memory, false) ? nullptr : blocks_.allocate(bytes);
  }
  void release(void* block) override {
    if (block != nullptr) blocks_.release(block);
  }

 private:
  HeapBlocks blocks_;
};

class KernelObjPoolSubject final : public ObjPoolSubject, private ObjPoolInspector {
 public:
  explicit KernelObjPoolSubject(const KernelContract& contract)
      : contract_(contract), storage_(anyctx_objpool_bytes() / sizeof(std::uint64_t) + 1) {}

  void reset() override { blocks_.reset(); }
  const ObjPoolInspector& inspector() const override { return *this; }

  int objpool_init(int count, int size, Prepare prepare, void* context) override;
  void* objpool_pop() override {
    const KernelCode inside;
    return anyctx_objpool_pop(pool());
  }
  int objpool_push(void* object) override {
    // Where that is known, nothing comes in between: there are no points.
    if (contract_.allows(Difference::nmi_breaks_push)) return anyctx_objpool_push(object, pool());
    const KernelCode inside;
    return anyctx_objpool_push(object, pool());
  }
  int objpool_drop(void* object) override {
    const KernelCode inside;
    return anyctx_objpool_drop(object, pool());
  }
  void objpool_fini() override {
    const KernelCode inside;
    anyctx_objpool_fini(pool());
  }

 private:
  /// What the kernel calls for each object leaves it.
  struct Preparation {
    Prepare prepare;
    void* context;
    static int run(void* object, void* self) {
      const KernelLeft outside;
      const auto& [prepare, context] = *static_cast<const Preparation*>(self);
      return prepare(object, context);
    }
  };

  objpool_head* pool() const {
    return reinterpret_cast<objpool_head*>(const_cast<std::uint64_t*>(storage_.data()));
  }
  void look_at_ring(unsigned cpu, Ring& ring) const override;
  std::int64_t blocks() const override { return blocks_.count(); }

  const KernelContract& contract_;
  std::vector<std::uint64_t> storage_;  // of the pool
  BlockProvider blocks_;
};

int KernelObjPoolSubject::objpool_init(int count, int size, Prepare prepare, void* context) {
  Preparation preparation{prepare, context};
  const KernelCode inside;
  return anyctx_objpool_init(pool(), count, size, &preparation,
                             prepare == nullptr ? nullptr : &Preparation::run);
}

void KernelObjPoolSubject::look_at_ring(unsigned cpu, Ring& ring) const {
  anyctx_ring state{};
  anyctx_objpool_ring(pool(), cpu, &state);
  ring.head = state.head;
  ring.last = state.last;
  ring.tail = state.tail;
  ring.objects.clear();
  if (state.tail < state.head || state.tail - state.head > kMostPoolObjects) return;
  for (std::uint32_t at = state.head; at != state.tail; ++at) {
    ring.objects.push_back(anyctx_objpool_entry(pool(), cpu, at));
  }
}

}  // namespace

std::unique_ptr<ObjPoolSubject> make_kernel_objpool_subject(const KernelContract& contract) {
  return std::make_unique<KernelObjPoolSubject>(contract);
}

}  // namespace anyctx::target
