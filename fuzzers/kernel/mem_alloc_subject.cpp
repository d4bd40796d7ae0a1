#include "fuzzers/kernel/mem_alloc_subject.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "fuzzers/kernel/kernel_mem_stage.h"
#include "fuzzers/kernel/mem_alloc.h"
#include "fuzzers/targets/trace_readers.h"
#include "inject/kernel/boundary.h"

namespace anyctx::target {
namespace {

using inject::KernelCode;
using inject::KernelLeft;
using inject::Sim;

/// Programs use an allocator with migration off.
class OnThisCpu {
 public:
  OnThisCpu() { Sim::migrate_disable(); }
  ~OnThisCpu() { Sim::migrate_enable(); }
  OnThisCpu(const OnThisCpu&) = delete;
  OnThisCpu& operator=(const OnThisCpu&) = delete;

 private:
  const KernelCode inside_;
};

class KernelMemAllocSubject final : public MemAllocSubject {
 public:
  explicit KernelMemAllocSubject(inject::Simulation& simulation)
      : simulation_(simulation), storage_(anyctx_mem_alloc_bytes() / sizeof(std::uint64_t) + 1) {}

  void reset(const SlabOptions& options) override {
    stage_.reset(simulation_.memory(), options);
    std::ranges::fill(storage_, 0);
    destructors_.clear();
    readers_.reset();
  }

  int create(std::uint32_t size, const MemAllocDestructor& destructor) override;
  void destroy() override {
    const KernelCode inside;
    anyctx_mem_alloc_destroy(mem());
  }
  void* alloc(std::size_t size) override {
    const OnThisCpu here;
    return anyctx_mem_alloc(mem(), size);
  }
  void free(void* object) override {
    const OnThisCpu here;
    anyctx_mem_free(mem(), object);
  }
  void free_rcu(void* object) override {
    const OnThisCpu here;
    anyctx_mem_free_rcu(mem(), object);
  }

  Token read_lock(ReaderKind kind) override {
    if (kind == ReaderKind::rcu) return grace().rcu.read_lock();
    const auto token = trace_.read_lock(readers_.of(simulation_.task()));
    return token.set | Token{token.counted} << 1;
  }
  void read_unlock(ReaderKind kind, Token token) override {
    if (kind == ReaderKind::rcu) return grace().rcu.read_unlock(token);
    trace_.read_unlock(readers_.of(simulation_.task()), {token & 1, (token >> 1) != 0});
  }
  void synchronize(GraceKind kind) override {
    kind == GraceKind::rcu ? grace().rcu.synchronize() : grace().srcu.synchronize();
  }
  /// With the rest of destructions, which waits for both.
  void barrier(GraceKind kind) override {
    kind == GraceKind::rcu ? grace().rcu.barrier() : grace().srcu.barrier();
    stage_.flush_works();
  }

  bool names_causes() const override { return false; }
  Cache cache(std::size_t size) const override {
    const anyctx_mem_cache cache = look(anyctx_mem_index(mem(), size), simulation_.cpu());
    return {static_cast<std::uint32_t>(cache.at_hand), cache.busy, !stage_.is_idle(cache.refill)};
  }
  std::size_t capacity(const void* object) const override {
    const auto* const slab = slabs().source().slab_of(object);
    return slab == nullptr ? 0 : slab->cache->object_size() - kHeader;
  }
  bool is_waiting() const override;
  std::string_view audit() const override;
  std::int64_t live_objects() const override {
    return stage_.stack().live_objects() + stage_.percpu_blocks();
  }

 private:
  static constexpr std::size_t kHeader = sizeof(void*);

  bpf_mem_alloc* mem() const {
    return reinterpret_cast<bpf_mem_alloc*>(const_cast<std::uint64_t*>(storage_.data()));
  }
  defer::Grace<Sim>& grace() { return stage_.grace(); }
  const slab::SlabAllocator<Sim>& slabs() const { return stage_.stack().slabs; }
  anyctx_mem_cache look(unsigned index, unsigned cpu) const {
    anyctx_mem_cache cache{};
    anyctx_mem_look(mem(), index, cpu, &cache);
    return cache;
  }
  template <class F>
  void for_each_cache(F f) const {
    for (unsigned index = 0; index < anyctx_mem_sizes(mem()); ++index) {
      for (unsigned cpu = 0; cpu < Sim::cpus(); ++cpu) f(index, cpu);
    }
  }
  /// Calls `f(place, header)` for each object in the lists of a cache.
  template <class F>
  void for_each_object(unsigned index, unsigned cpu, F f) const {
    anyctx_mem_visit(
        mem(), index, cpu,
        [](void* to, anyctx_mem_place place, const void* header) {
          (*static_cast<F*>(to))(place, header);
        },
        &f);
  }
  std::string_view audit_caches() const;

  inject::Simulation& simulation_;
  KernelMemStage stage_;
  defer::TasksTrace<Sim> trace_{stage_.grace().srcu};
  TraceReaders readers_;
  std::vector<std::uint64_t> storage_;  // of the allocator
  std::deque<MemAllocDestructor> destructors_;
  mutable std::vector<const void*> seen_;  // by an audit
};

int KernelMemAllocSubject::create(std::uint32_t size, const MemAllocDestructor& destructor) {
  {
    const KernelCode inside;
    const int error = anyctx_mem_alloc_init(mem(), static_cast<int>(size));
    if (error != 0) return error;
  }
  anyctx_mem_alloc_set_dtor(
      mem(),
      [](void* object, void* to) {
        const KernelLeft outside;
        const auto& own = *static_cast<const MemAllocDestructor*>(to);
        own.function(object, own.context);
      },
      [](void* to) {
        const KernelLeft outside;
        const auto& own = *static_cast<const MemAllocDestructor*>(to);
        own.free_context(own.context);
      },
      &destructors_.emplace_back(destructor));
  return 0;
}

bool KernelMemAllocSubject::is_waiting() const {
  bool waits = false;
  for_each_cache([&](unsigned index, unsigned cpu) {
    for_each_object(index, cpu, [&](anyctx_mem_place place, const void*) {
      waits = waits || place == kMemInRcu || place == kMemBeforeTrace || place == kMemInTrace;
    });
  });
  return waits;
}

std::string_view KernelMemAllocSubject::audit_caches() const {
  std::string_view wrong;
  seen_.clear();
  for_each_cache([&](unsigned index, unsigned cpu) {
    const anyctx_mem_cache cache = look(index, cpu);
    std::int32_t at_hand = 0;
    for_each_object(index, cpu, [&](anyctx_mem_place place, const void* header) {
      if (place == kMemFree) ++at_hand;
      seen_.push_back(header);
      const auto* const slab = slabs().source().slab_of(header);
      if (slab == nullptr || slab->cache != &slabs().bucket_cache(slab::bucket_of(cache.unit))) {
        wrong = "an object is in a cache of another size";
      }
    });
    if (at_hand != cache.at_hand) wrong = "a cache has miscounted its objects";
    if (cache.busy) wrong = "somebody is still inside a cache";
  });
  std::ranges::sort(seen_);
  if (std::ranges::adjacent_find(seen_) != seen_.end()) wrong = "an object is in two lists";
  return wrong;
}

std::string_view KernelMemAllocSubject::audit() const {
  const std::string_view wrong = audit_caches();
  return wrong.empty() ? stage_.stack().audit() : wrong;
}

}  // namespace

std::unique_ptr<MemAllocSubject> make_kernel_mem_alloc_subject(inject::Simulation& simulation) {
  return std::make_unique<KernelMemAllocSubject>(simulation);
}

}  // namespace anyctx::target
