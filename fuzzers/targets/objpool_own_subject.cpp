// The pool in lib/bpf as an ObjPoolSubject.
#include <optional>

#include "fuzzers/targets/heap_blocks.h"
#include "fuzzers/targets/objpool_schema.h"
#include "fuzzers/targets/objpool_subject.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/objpool.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

class OwnObjPoolSubject final : public ObjPoolSubject, private ObjPoolInspector {
 public:
  void reset() override {
    pool_.emplace();
    blocks_.reset();
  }
  const ObjPoolInspector& inspector() const override { return *this; }

  int objpool_init(int count, int size, Prepare prepare, void* context) override {
    const Watched watched;
    return pool_->init(count, size, blocks_, prepare, context);
  }
  void* objpool_pop() override {
    const Watched watched;
    return pool_->pop();
  }
  int objpool_push(void* object) override {
    const Watched watched;
    return pool_->push(object);
  }
  int objpool_drop(void* object) override {
    const Watched watched;
    return pool_->drop(object);
  }
  void objpool_fini() override {
    const Watched watched;
    pool_->fini();
  }

 private:
  void look_at_ring(unsigned cpu, Ring& ring) const override {
    const auto state = pool_->ring_state(cpu);
    ring.head = state.head;
    ring.last = state.last;
    ring.tail = state.tail;
    ring.objects.clear();
    if (state.tail < state.head || state.tail - state.head > kMostPoolObjects) return;
    for (std::uint64_t at = state.head; at != state.tail; ++at) {
      ring.objects.push_back(pool_->entry(cpu, at));
    }
  }
  std::int64_t blocks() const override { return blocks_.count(); }

  HeapBlocks blocks_;
  std::optional<bpf::ObjPool<Sim, HeapBlocks>> pool_;
};

}  // namespace

std::unique_ptr<ObjPoolSubject> make_own_objpool_subject() {
  return std::make_unique<OwnObjPoolSubject>();
}

}  // namespace anyctx::target
