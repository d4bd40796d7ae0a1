// The allocator in lib/slab and the grace periods in lib/defer as a ReclaimSubject.
#include "fuzzers/targets/reclaim_subject.h"
#include "fuzzers/targets/slab_options.h"
#include "fuzzers/targets/slab_own_inspector.h"
#include "fuzzers/targets/slab_stack.h"
#include "fuzzers/targets/trace_readers.h"
#include "lib/defer/tasks_trace.h"
#include "lib/slab/cache_pair.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;
using Head = defer::RcuHead<Sim>;

static_assert(sizeof(Head) == sizeof(CallbackHead::words));

class OwnReclaimSubject final : public ReclaimSubject {
 public:
  explicit OwnReclaimSubject(inject::Simulation& simulation)
      : simulation_(simulation), inspector_(stack_.pages, stack_.slabs) {}

  void reset(const SlabOptions& options) override;

  void* kmalloc_nolock(std::size_t size) override {
    const Watched watched;
    return slabs_.kmalloc_nolock(size, page::Gfp::none);
  }
  void kfree_nolock(void* object) override {
    const Watched watched;
    slabs_.kfree_nolock(object);
  }
  void kfree_rcu(void* head) override {
    const Watched watched;
    slabs_.kfree_rcu(static_cast<defer::LlistNode*>(head));
  }
  void kfree_rcu_nolock(void* head) override {
    const Watched watched;
    slabs_.kfree_rcu_nolock(static_cast<defer::LlistNode*>(head));
  }
  void kfree_srcu_fast_nolock(void* head) override {
    const Watched watched;
    slabs_.kfree_srcu_fast_nolock(static_cast<defer::LlistNode*>(head));
  }
  void call_nolock(GraceKind kind, CallbackHead* head, Callback callback) override {
    const Watched watched;
    head->callback = callback;
    auto* const own = reinterpret_cast<Head*>(head);
    const auto call = [](Head* over) {
      auto* const waited = reinterpret_cast<CallbackHead*>(over);
      waited->callback(waited);
    };
    kind == GraceKind::rcu ? grace_.rcu.call(own, call) : grace_.srcu.call(own, call);
  }

  bool create_pair(const PairSpec& spec) override;
  bool destroy_pair() override {
    const Watched watched;
    return pair_.destroy();
  }
  void shrink_pair() override {
    const Watched watched;
    static_cast<void>(pair_.shrink());
  }
  void* alloc_pair_nolock() override {
    const Watched watched;
    return pair_.alloc_nolock(page::Gfp::none);
  }

  Token read_lock(ReaderKind kind) override;
  void read_unlock(ReaderKind kind, Token token) override;
  void synchronize(GraceKind kind) override {
    const Watched watched;
    kind == GraceKind::rcu ? grace_.rcu.synchronize() : grace_.srcu.synchronize();
  }
  void barrier(GraceKind kind) override {
    const Watched watched;
    kind == GraceKind::rcu ? grace_.rcu.barrier() : grace_.srcu.barrier();
  }
  void kvfree_rcu_barrier() override {
    const Watched watched;
    slabs_.kvfree_rcu_barrier();
  }
  void deferred_work_barrier() override {
    const Watched watched;
    slabs_.deferred_work_barrier();
  }

  bool is_waiting(const void* object) const override { return inspector_.is_deferred(object); }
  bool has_room() const override { return inspector_.has_room(kLargestSlabOrder, -1); }
  bool has_more_than(MemoryLeft left) const override;
  std::string_view audit() const override { return stack_.audit(); }
  std::int64_t live_objects() const override { return stack_.live_objects(); }

 private:
  inject::Simulation& simulation_;
  SlabStack stack_;
  defer::Grace<Sim>& grace_ = stack_.grace;
  slab::SlabAllocator<Sim>& slabs_ = stack_.slabs;
  defer::TasksTrace<Sim> trace_{grace_.srcu};
  slab::CachePair<Sim> pair_;
  OwnSlabInspector inspector_;
  TraceReaders readers_;
};

void OwnReclaimSubject::reset(const SlabOptions& options) {
  stack_.reset(simulation_.memory(), options);
  pair_ = {};
  readers_.reset();
}

bool OwnReclaimSubject::has_more_than(MemoryLeft left) const {
  if (left == MemoryLeft::all) return false;
  const page::Zone<Sim>& zone = stack_.pages.zone(0);  // there is no other one
  const page::Mark mark = left == MemoryLeft::high  ? page::Mark::high
                          : left == MemoryLeft::low ? page::Mark::low
                                                    : page::Mark::min;
  return zone.buddy().areas().peek_free_pages() > zone.mark({}, mark);
}

bool OwnReclaimSubject::create_pair(const PairSpec& spec) {
  slab::CacheConfig config;
  config.name = "reclaim";
  config.size = spec.size;
  config.flags =
      spec.by_srcu ? slab::CacheFlags::typesafe_by_srcu_fast : slab::CacheFlags::typesafe_by_rcu;
  config.constructor = spec.constructor;
  config.destructor = spec.destructor;
  const Watched watched;
  return pair_.create(slabs_, config);
}

ReclaimSubject::Token OwnReclaimSubject::read_lock(ReaderKind kind) {
  const Watched watched;
  if (kind == ReaderKind::rcu) return grace_.rcu.read_lock();
  if (kind == ReaderKind::srcu_fast) return grace_.srcu.read_lock();
  const auto token = trace_.read_lock(readers_.of(simulation_.task()));
  return token.set | Token{token.counted} << 1;
}

void OwnReclaimSubject::read_unlock(ReaderKind kind, Token token) {
  const Watched watched;
  if (kind == ReaderKind::rcu) return grace_.rcu.read_unlock(token);
  if (kind == ReaderKind::srcu_fast) return grace_.srcu.read_unlock(token);
  trace_.read_unlock(readers_.of(simulation_.task()), {token & 1, (token >> 1) != 0});
}

}  // namespace

std::unique_ptr<ReclaimSubject> make_own_reclaim_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnReclaimSubject>(simulation);
}

}  // namespace anyctx::target
