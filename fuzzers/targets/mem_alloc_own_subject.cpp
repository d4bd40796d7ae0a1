// The allocator in lib/bpf as a MemAllocSubject.
#include <algorithm>
#include <array>
#include <vector>

#include "fuzzers/targets/mem_alloc_subject.h"
#include "fuzzers/targets/slab_stack.h"
#include "fuzzers/targets/trace_readers.h"
#include "lib/bpf/mem_alloc.h"
#include "lib/defer/tasks_trace.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::Watched;

class OwnMemAllocSubject final : public MemAllocSubject {
 public:
  explicit OwnMemAllocSubject(inject::Simulation& simulation) : simulation_(simulation) {}

  void reset(const SlabOptions& options) override;

  int create(std::uint32_t size, const MemAllocDestructor& destructor) override {
    const Watched watched;
    return mem_->create(
        {&slabs_, &grace_, {destructor.function, destructor.free_context, destructor.context}},
        size);
  }
  void destroy() override {
    const Watched watched;
    mem_->destroy();
  }
  void* alloc(std::size_t size) override {
    const Watched watched;
    return mem_->alloc(size);
  }
  void free(void* object) override {
    const Watched watched;
    mem_->free(object);
  }
  void free_rcu(void* object) override {
    const Watched watched;
    mem_->free_rcu(object);
  }

  Token read_lock(ReaderKind kind) override {
    const Watched watched;
    if (kind == ReaderKind::rcu) return grace_.rcu.read_lock();
    const auto token = trace_.read_lock(readers_.of(simulation_.task()));
    return token.set | Token{token.counted} << 1;
  }
  void read_unlock(ReaderKind kind, Token token) override {
    const Watched watched;
    if (kind == ReaderKind::rcu) return grace_.rcu.read_unlock(token);
    trace_.read_unlock(readers_.of(simulation_.task()), {token & 1, (token >> 1) != 0});
  }
  void synchronize(GraceKind kind) override {
    const Watched watched;
    kind == GraceKind::rcu ? grace_.rcu.synchronize() : grace_.srcu.synchronize();
  }
  void barrier(GraceKind kind) override {
    const Watched watched;
    kind == GraceKind::rcu ? grace_.rcu.barrier() : grace_.srcu.barrier();
  }

  Cache cache(std::size_t size) const override {
    const auto& own = mem_->peek_cache(mem_->peek_index(size), simulation_.cpu());
    return {own.peek_count(), own.peek_busy(), own.peek_asks()};
  }
  std::size_t capacity(const void* object) const override {
    const auto* const slab = slabs_.source().slab_of(object);
    return slab == nullptr ? 0 : slab->cache->object_size() - bpf::kMemHeader;
  }
  bool is_waiting() const override {
    bool waits = false;
    for_each_cache([&](unsigned, const bpf::MemCache<Sim>& own) {
      own.peek_each([&](Place place, const void*) {
        waits = waits || place == Place::before_trace || place == Place::in_trace ||
                place == Place::in_rcu;
      });
    });
    return waits;
  }
  std::string_view audit() const override;
  std::int64_t live_objects() const override { return stack_.live_objects(); }

 private:
  using Place = bpf::MemCache<Sim>::Place;

  template <class F>
  void for_each_cache(F f) const {
    for (unsigned index = 0; index < mem_->peek_sizes(); ++index) {
      for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) f(index, mem_->peek_cache(index, cpu));
    }
  }
  std::string_view audit_caches() const;
  inject::Simulation& simulation_;
  SlabStack stack_;
  defer::Grace<Sim>& grace_ = stack_.grace;
  slab::SlabAllocator<Sim>& slabs_ = stack_.slabs;
  defer::TasksTrace<Sim> trace_{grace_.srcu};
  std::unique_ptr<bpf::MemAlloc<Sim>> mem_;
  TraceReaders readers_;
  mutable std::vector<const void*> seen_;  // by an audit
};

void OwnMemAllocSubject::reset(const SlabOptions& options) {
  stack_.reset(simulation_.memory(), options);
  mem_ = std::make_unique<bpf::MemAlloc<Sim>>();
  readers_.reset();
  seen_.reserve(4096);
}

std::string_view OwnMemAllocSubject::audit_caches() const {
  std::string_view wrong;
  seen_.clear();
  for_each_cache([&](unsigned, const bpf::MemCache<Sim>& own) {
    std::uint32_t at_hand = 0;
    own.peek_each([&](Place place, const void* header) {
      if (place == Place::free) ++at_hand;
      seen_.push_back(header);
      const std::size_t unit = own.shape().unit;
      const auto* const slab = slabs_.source().slab_of(header);
      if (slab == nullptr || slab->cache != &slabs_.bucket_cache(slab::bucket_of(unit))) {
        wrong = "an object is in a cache of another size";
      }
    });
    if (at_hand != own.peek_count()) wrong = "a cache has miscounted its objects";
    if (own.peek_busy()) wrong = "somebody is still inside a cache";
  });
  std::ranges::sort(seen_);
  if (std::ranges::adjacent_find(seen_) != seen_.end()) wrong = "an object is in two lists";
  return wrong;
}

std::string_view OwnMemAllocSubject::audit() const {
  const std::string_view wrong = audit_caches();
  return wrong.empty() ? stack_.audit() : wrong;
}

}  // namespace

std::unique_ptr<MemAllocSubject> make_own_mem_alloc_subject(inject::Simulation& simulation) {
  return std::make_unique<OwnMemAllocSubject>(simulation);
}

}  // namespace anyctx::target
