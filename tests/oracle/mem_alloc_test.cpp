// Each oracle of the mem_alloc target fires: allocators that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "fuzzers/targets/mem_alloc_target.h"
#include "fuzzers/targets/mem_alloc_world.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;

/// Does as the honest subject does, but where a function is set. It is given the honest one.
class Rogue final : public MemAllocSubject {
 public:
  explicit Rogue(inject::Simulation& simulation)
      : honest_(make_own_mem_alloc_subject(simulation)) {}

  std::function<int(MemAllocSubject&)> on_create;
  std::function<void(MemAllocSubject&)> on_destroy, on_synchronize;
  std::function<void*(MemAllocSubject&, std::size_t)> on_alloc;
  std::function<void(MemAllocSubject&, void*)> on_free, on_free_rcu;
  std::function<Cache(const Cache&)> on_cache;
  bool waits = false;
  std::size_t shrinks = 0;
  std::int64_t lost = 0;
  std::string_view wrong;
  MemAllocDestructor destructor;

  void reset(const SlabOptions& options) override { honest_->reset(options); }
  int create(std::uint32_t size, const MemAllocDestructor& wanted) override {
    destructor = wanted;
    const int error = honest_->create(size, wanted);
    return on_create ? on_create(*honest_) : error;
  }
  void destroy() override { on_destroy ? on_destroy(*honest_) : honest_->destroy(); }
  void* alloc(std::size_t size) override {
    return on_alloc ? on_alloc(*honest_, size) : honest_->alloc(size);
  }
  void free(void* object) override { on_free ? on_free(*honest_, object) : honest_->free(object); }
  void free_rcu(void* object) override {
    on_free_rcu ? on_free_rcu(*honest_, object) : honest_->free_rcu(object);
  }
  Token read_lock(ReaderKind kind) override { return honest_->read_lock(kind); }
  void read_unlock(ReaderKind kind, Token token) override { honest_->read_unlock(kind, token); }
  void synchronize(GraceKind kind) override {
    on_synchronize ? on_synchronize(*honest_) : honest_->synchronize(kind);
  }
  void barrier(GraceKind kind) override { honest_->barrier(kind); }
  Cache cache(std::size_t size) const override {
    return on_cache ? on_cache(honest_->cache(size)) : honest_->cache(size);
  }
  std::size_t capacity(const void* object) const override {
    return honest_->capacity(object) - shrinks;
  }
  bool is_waiting() const override { return waits || honest_->is_waiting(); }
  std::string_view audit() const override { return wrong.empty() ? honest_->audit() : wrong; }
  std::int64_t live_objects() const override { return honest_->live_objects() + lost; }

 private:
  std::unique_ptr<MemAllocSubject> honest_;
};

using Crime = CrimeOf<Rogue>;

const std::string kPlain = "anyctx 1 target=mem_alloc cpus=2\n";
const std::string kTwo = kPlain + "task0: a = alloc(120)\n a = alloc(120)\n";
const std::string kFreed = kPlain + "task0: a = alloc(120)\n a = alloc(120)\n free(a)\n";
/// Task 0 has found the object when task 1 does its part.
const std::string kReader = kPlain +
                            "task0: publish(cell0, 120, how0)\n read(cell0, reader0, looks=2)\n"
                            "at task0.1 reclaim.look#1: run task1\ntask1: ";

/// Hands out the first object again and again.
void repeat_first(Rogue& rogue) {
  auto first = std::make_shared<void*>(nullptr);
  rogue.on_alloc = [first](MemAllocSubject& honest, std::size_t size) {
    return *first = *first != nullptr ? *first : honest.alloc(size);
  };
}

std::vector<Crime> crimes_of_allocation() {
  return {
      {"hands_out_twice", VerdictKind::overlap, "one user at a time", kTwo, repeat_first},
      {"too_small", VerdictKind::placement, "the size that was asked for", kTwo,
       [](Rogue& rogue) { rogue.shrinks = 32; }},
      {"too_large", VerdictKind::error_code, "larger than the largest",
       kPlain + "task0: a = alloc(4089)\n",
       [](Rogue& rogue) {
         rogue.on_alloc = [](MemAllocSubject& honest, std::size_t) { return honest.alloc(8); };
       }},
      {"dirty", VerdictKind::zero, "or as its last user left it", kTwo,
       [](Rogue& rogue) {
         rogue.on_alloc = [](MemAllocSubject& honest, std::size_t size) {
           void* const object = honest.alloc(size);
           return std::memset(object, 0xee, size);
         };
       }},
      {"fails_without_cause", VerdictKind::spurious_failure, "that fails has a cause", kTwo,
       [](Rogue& rogue) {
         rogue.on_alloc = [](MemAllocSubject&, std::size_t) -> void* { return nullptr; };
       }},
      {"keeps_what_is_at_hand", VerdictKind::spurious_failure, "gets what is at hand",
       kPlain + "task0: a = alloc(120)\nnmi0: a = alloc(4088)\n a = alloc(4088)\n"
                "at task0.0 op.begin#1: nmi0\n",
       [](Rogue& rogue) {
         rogue.on_cache = [](const MemAllocSubject::Cache&) {
           return MemAllocSubject::Cache{1, false, true};
         };
       }},
      {"asks_for_nothing", VerdictKind::no_progress, "has asked for more",
       kPlain + "task0: a = alloc(120)\nnmi0: a = alloc(4088)\n a = alloc(4088)\n"
                "at task0.0 op.begin#1: nmi0\n",
       [](Rogue& rogue) {
         rogue.on_cache = [](const MemAllocSubject::Cache& cache) {
           return MemAllocSubject::Cache{cache.at_hand, cache.busy, false};
         };
       }},
      {"error_of_its_own", VerdictKind::error_code, "is created, or there is no memory", kTwo,
       [](Rogue& rogue) { rogue.on_create = [](MemAllocSubject&) { return -1; }; }},
  };
}

std::vector<Crime> crimes_of_frees() {
  return {
      {"writes_to_objects", VerdictKind::content, "nobody but its user", kFreed,
       [](Rogue& rogue) {
         rogue.on_alloc = [last = static_cast<void*>(nullptr)](MemAllocSubject& honest,
                                                               std::size_t size) mutable {
           if (last != nullptr) std::memset(static_cast<std::byte*>(last) + 64, 0xee, 16);
           return last = honest.alloc(size);
         };
       }},
      {"loses_what_was_freed", VerdictKind::counter, "is at hand",
       kPlain + "task0: a = alloc(120)\n a = alloc(120)\n free(a)\n",
       [](Rogue& rogue) { rogue.on_free = [](MemAllocSubject&, void*) {}; }},
      {"gives_up_what_is_used", VerdictKind::overlap, "given up is nobody's", kTwo,
       [](Rogue& rogue) {
         rogue.on_alloc = [&rogue, last = static_cast<void*>(nullptr)](MemAllocSubject& honest,
                                                                       std::size_t size) mutable {
           if (last != nullptr) rogue.destructor.function(last, rogue.destructor.context);
           return last = honest.alloc(size);
         };
       }},
      {"gives_up_twice", VerdictKind::double_free, "is given up once", kFreed,
       [](Rogue& rogue) {
         rogue.on_free = [&rogue](MemAllocSubject& honest, void* object) {
           rogue.destructor.function(object, rogue.destructor.context);
           rogue.destructor.function(object, rogue.destructor.context);
           honest.free(object);
         };
       }},
      {"gives_up_under_a_reader", VerdictKind::grace_period, "no reader can see it",
       kReader + "unpublish(cell0, how0)\n",
       [](Rogue& rogue) {
         rogue.on_free = [&rogue](MemAllocSubject&, void* object) {
           rogue.destructor.function(object, rogue.destructor.context);
         };
       }},
      {"uses_again_under_a_reader", VerdictKind::grace_period, "is used again after all readers",
       kReader + "unpublish(cell0, how1)\n a = alloc(120)\n",
       [](Rogue& rogue) {
         repeat_first(rogue);
         rogue.on_free_rcu = [](MemAllocSubject&, void*) {};
       }},
      {"changes_what_a_reader_found", VerdictKind::content, "a reader found stays as it is",
       kReader + "unpublish(cell0, how1)\n",
       [](Rogue& rogue) {
         rogue.on_free_rcu = [](MemAllocSubject&, void* object) {
           std::memset(static_cast<std::byte*>(object) + 64, 0xee, 16);
         };
       }},
      {"memory_becomes_something_else", VerdictKind::grace_period, "an object of its kind",
       kReader + "unpublish(cell0, how0)\n",
       [](Rogue& rogue) {
         rogue.on_free = [](MemAllocSubject&, void* object) { std::memset(object, 0, 64); };
         rogue.on_cache = [](const MemAllocSubject::Cache&) {
           return MemAllocSubject::Cache{0, true, true};
         };
       }},
      {"forgets_what_it_holds", VerdictKind::conservation, "goes with their memory",
       kPlain + "task0: publish(cell0, 120, how0)\n read(cell0, reader0, looks=1, puts=1)\n"
                "task1: unpublish(cell0, how0)\nat task0.1 reclaim.look#1: run task1\n",
       [](Rogue& rogue) {
         auto last = std::make_shared<MemThing*>(nullptr);
         rogue.on_free = [last](MemAllocSubject& honest, void* object) {
           *last = static_cast<MemThing*>(object);
           honest.free(object);
         };
         rogue.on_destroy = [last](MemAllocSubject& honest) {
           (*last)->holds = 0;
           honest.destroy();
         };
       }},
  };
}

std::vector<Crime> crimes_of_lifetimes() {
  const std::string destroyed = kPlain + "task0: a = alloc(120)\n destroy()\n";
  return {
      {"never_ends", VerdictKind::no_progress, "without being asked", kTwo,
       [](Rogue& rogue) { rogue.waits = true; }},
      {"leaves_the_rest", VerdictKind::no_progress, "of a destroyed allocator goes", destroyed,
       [](Rogue& rogue) { rogue.on_destroy = [](MemAllocSubject&) {}; }},
      {"keeps_the_context", VerdictKind::conservation, "is freed in the end", kTwo,
       [](Rogue& rogue) { rogue.on_destroy = [](MemAllocSubject&) {}; }},
      {"frees_the_context_twice", VerdictKind::double_free, "is freed once", destroyed,
       [](Rogue& rogue) {
         rogue.on_destroy = [&rogue](MemAllocSubject& honest) {
           honest.destroy();
           rogue.destructor.free_context(rogue.destructor.context);
         };
       }},
      {"destructs_after_that", VerdictKind::use_after_destroy, "objects go before", kTwo,
       [](Rogue& rogue) {
         rogue.on_destroy = [&rogue](MemAllocSubject& honest) {
           rogue.destructor.free_context(rogue.destructor.context);
           honest.destroy();
         };
       }},
      {"loses_an_object", VerdictKind::conservation, "nothing is left of destroyed", kTwo,
       [](Rogue& rogue) { rogue.lost = 1; }},
      {"unsound", VerdictKind::structure, "are sound", kTwo,
       [](Rogue& rogue) { rogue.wrong = "a list is broken"; }},
      {"synchronize_does_not_wait", VerdictKind::grace_period, "ends after all readers",
       kReader + "synchronize(kind0)\n",
       [](Rogue& rogue) { rogue.on_synchronize = [](MemAllocSubject&) {}; }},
  };
}

struct Court {
  using Rogue = target::Rogue;
  static engine::Target target() { return mem_alloc_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(Rogue&)>& commit) {
    auto subject = std::make_unique<Rogue>(simulation);
    commit(*subject);
    return std::make_unique<MemAllocWorld>(simulation, std::move(subject));
  }
};

using MemAllocCrimes = Crimes<Court>;

TEST_P(MemAllocCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Allocation, MemAllocCrimes, ::testing::ValuesIn(crimes_of_allocation()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Frees, MemAllocCrimes, ::testing::ValuesIn(crimes_of_frees()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Lifetimes, MemAllocCrimes, ::testing::ValuesIn(crimes_of_lifetimes()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
