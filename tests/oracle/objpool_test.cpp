// Each oracle of the objpool target fires: pools that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <functional>

#include "fuzzers/targets/objpool_target.h"
#include "fuzzers/targets/objpool_world.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/pool_sites.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;

/// Does as the honest pool does, but where a function is set. It is given the honest one.
class RoguePool final : public ObjPoolSubject, private ObjPoolInspector {
 public:
  std::function<int(ObjPoolSubject&, int, int, Prepare, void*)> on_init;
  std::function<void*(ObjPoolSubject&)> on_pop;
  std::function<int(ObjPoolSubject&, void*)> on_push, on_drop;
  std::function<void(ObjPoolSubject&)> on_fini;
  std::function<void(unsigned, Ring&)> change_ring;
  std::int64_t more_blocks = 0;

  void reset() override { honest_->reset(); }
  const ObjPoolInspector& inspector() const override { return *this; }
  int objpool_init(int count, int size, Prepare prepare, void* context) override {
    return on_init ? on_init(*honest_, count, size, prepare, context)
                   : honest_->objpool_init(count, size, prepare, context);
  }
  void* objpool_pop() override { return on_pop ? on_pop(*honest_) : honest_->objpool_pop(); }
  int objpool_push(void* object) override {
    return on_push ? on_push(*honest_, object) : honest_->objpool_push(object);
  }
  int objpool_drop(void* object) override {
    return on_drop ? on_drop(*honest_, object) : honest_->objpool_drop(object);
  }
  void objpool_fini() override { on_fini ? on_fini(*honest_) : honest_->objpool_fini(); }

 private:
  void look_at_ring(unsigned cpu, Ring& ring) const override {
    honest_->inspector().look_at_ring(cpu, ring);
    if (change_ring) change_ring(cpu, ring);
  }
  std::int64_t blocks() const override { return honest_->inspector().blocks() + more_blocks; }

  std::unique_ptr<ObjPoolSubject> honest_ = make_own_objpool_subject();
};

const std::string kHead = "anyctx 1 target=objpool cpus=2 count=4\n";
const std::string kPop = kHead + "task0: a = pop()\n b = pop()\n push(a)\n";
const std::string kRecreate = kHead + "task0: a = pop()\n recreate(3, 16)\n";

using Crime = CrimeOf<RoguePool>;

std::vector<Crime> crimes_of_calls() {
  return {
      {"pops_the_same_twice", VerdictKind::overlap, "one user at a time",
       kHead + "nmi0: a = pop()\ntask0: a = pop()\nat task0.0 objpool.head.load#1: nmi0\n",
       [](RoguePool& rogue) {
         rogue.on_pop = [last = static_cast<void*>(nullptr)](ObjPoolSubject& honest) mutable {
           void* const object = honest.objpool_pop();
           if (last == nullptr) last = object;
           return last;
         };
       }},
      {"pops_what_is_none", VerdictKind::overlap, "an object of the pool",
       kHead + "nmi0: a = pop()\ntask0: a = pop()\nat task0.0 objpool.head.load#1: nmi0\n",
       [](RoguePool& rogue) {
         rogue.on_pop = [&rogue](ObjPoolSubject& honest) -> void* {
           return Sim::context() == machine::Context::nmi ? &rogue : honest.objpool_pop();
         };
       }},
      {"fails_alone", VerdictKind::difference, "an undisturbed pop takes the oldest", kPop,
       [](RoguePool& rogue) { rogue.on_pop = [](ObjPoolSubject&) -> void* { return nullptr; }; }},
      {"fails_beside_others", VerdictKind::spurious_failure, "others took everything",
       kHead + "nmi0: a = pop()\ntask0: churn(1)\nat task0.0 objpool.head.load#1: nmi0\n",
       [](RoguePool& rogue) {
         rogue.on_pop = [](ObjPoolSubject& honest) -> void* {
           return Sim::context() == machine::Context::nmi ? nullptr : honest.objpool_pop();
         };
       }},
      {"takes_the_youngest", VerdictKind::difference, "an undisturbed pop takes the oldest", kPop,
       [](RoguePool& rogue) {
         rogue.on_pop = [](ObjPoolSubject& honest) {
           void* const first = honest.objpool_pop();
           void* const second = honest.objpool_pop();
           honest.objpool_push(first);
           return second;
         };
       }},
      {"changes_objects", VerdictKind::content, "does not change its objects", kPop,
       [](RoguePool& rogue) {
         rogue.on_push = [](ObjPoolSubject& honest, void* object) {
           *static_cast<std::byte*>(object) ^= std::byte{1};
           return honest.objpool_push(object);
         };
         rogue.on_pop = [](ObjPoolSubject& honest) {
           void* const object = honest.objpool_pop();
           if (object != nullptr) *static_cast<std::byte*>(object) ^= std::byte{1};
           return object;
         };
       }},
      {"push_fails", VerdictKind::error_code, "a push cannot fail", kPop,
       [](RoguePool& rogue) { rogue.on_push = [](ObjPoolSubject&, void*) { return -EAGAIN; }; }},
      {"push_loses", VerdictKind::conservation, "is in the rings", kPop,
       [](RoguePool& rogue) { rogue.on_push = [](ObjPoolSubject&, void*) { return 0; }; }},
      {"push_takes_long", VerdictKind::no_progress, "takes few steps", kPop,
       [](RoguePool& rogue) {
         rogue.on_push = [](ObjPoolSubject& honest, void* object) {
           for (int i = 0; i < 60; ++i) Sim::probe(bpf::site::objpool_head);
           return honest.objpool_push(object);
         };
       }},
      {"ring_holds_too_many", VerdictKind::structure, "holds no more than there is", kPop,
       [](RoguePool& rogue) {
         rogue.change_ring = [count = 0](unsigned, ObjPoolInspector::Ring& ring) mutable {
           if (++count > 4) ring.last = ring.tail + 1;
         };
       }},
      {"ring_holds_one_twice", VerdictKind::conservation, "rings hold what was pushed", kPop,
       [](RoguePool& rogue) {
         rogue.change_ring = [count = 0](unsigned, ObjPoolInspector::Ring& ring) mutable {
           if (++count > 2 && !ring.objects.empty()) ring.objects.push_back(ring.objects[0]);
         };
       }},
  };
}

std::vector<Crime> crimes_of_pools() {
  return {
      {"shares_are_uneven", VerdictKind::placement, "equal shares", kPop,
       [](RoguePool& rogue) {
         rogue.change_ring = [](unsigned cpu, ObjPoolInspector::Ring& ring) {
           if (cpu == 0) ring.objects.pop_back();
         };
       }},
      {"prepares_too_few", VerdictKind::conservation, "prepares as many", kPop,
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject& honest, int count, int size, auto prepare, void* c) {
           return honest.objpool_init(count - 1, size, prepare, c);
         };
       }},
      {"prepares_too_many", VerdictKind::conservation, "prepares as many", kPop,
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject& honest, int count, int size, auto prepare, void* c) {
           return honest.objpool_init(count + 1, size, prepare, c);
         };
       }},
      {"objects_overlap", VerdictKind::overlap, "do not overlap", kPop,
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject& honest, int count, int, auto prepare, void* c) {
           return honest.objpool_init(count, 8, prepare, c);
         };
       }},
      {"objects_are_misaligned", VerdictKind::placement, "aligned to 8 bytes", kPop,
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject& honest, int count, int size, auto prepare, void* c) {
           struct Shift {
             ObjPoolSubject::Prepare prepare;
             void* context;
           } shift{prepare, c};
           return honest.objpool_init(
               count, size + 8,
               [](void* object, void* context) {
                 const Shift& by = *static_cast<Shift*>(context);
                 return by.prepare(static_cast<std::byte*>(object) + 4, by.context);
               },
               &shift);
         };
       }},
      {"takes_what_is_invalid", VerdictKind::error_code, "its numbers are valid",
       kHead + "task0: recreate(0, 8)\n",
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject& honest, int count, int size, auto prepare, void* c) {
           return count == 0 ? 0 : honest.objpool_init(count, size, prepare, c);
         };
       }},
      {"no_memory_without_a_cause", VerdictKind::spurious_failure, "there is memory", kPop,
       [](RoguePool& rogue) {
         rogue.on_init = [](ObjPoolSubject&, int, int, auto, void*) { return -ENOMEM; };
       }},
      {"failure_keeps_memory", VerdictKind::conservation, "keeps no memory",
       kHead + "task0: recreate(0, 8)\n",
       [](RoguePool& rogue) {
         rogue.on_init = [&rogue](ObjPoolSubject& honest, int count, int size, auto prepare,
                                  void* c) {
           if (count == 0) rogue.more_blocks = 1;
           return honest.objpool_init(count, size, prepare, c);
         };
       }},
      {"drop_says_it_was_the_last", VerdictKind::error_code, "the last object that is dropped",
       kHead + "task0: a = pop()\n b = pop()\n recreate(3, 16)\n",
       [](RoguePool& rogue) {
         rogue.on_drop = [](ObjPoolSubject& honest, void* object) {
           static_cast<void>(honest.objpool_drop(object));
           return 0;
         };
       }},
      {"drop_keeps_memory", VerdictKind::conservation, "goes with its last object", kRecreate,
       [](RoguePool& rogue) { rogue.on_drop = [](ObjPoolSubject&, void*) { return 0; }; }},
      {"fini_keeps_memory", VerdictKind::conservation, "goes with its last object",
       kHead + "task0: churn(1)\n",
       [](RoguePool& rogue) { rogue.on_fini = [](ObjPoolSubject&) {}; }},
      {"fini_frees_under_a_user", VerdictKind::use_after_free, "goes with its last object",
       kRecreate,
       [](RoguePool& rogue) {
         rogue.on_fini = [&rogue](ObjPoolSubject& honest) {
           honest.objpool_fini();
           rogue.more_blocks = -honest.inspector().blocks();
         };
       }},
  };
}

struct Court {
  using Rogue = RoguePool;
  static engine::Target target() { return objpool_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(RoguePool&)>& commit) {
    auto subject = std::make_unique<RoguePool>();
    commit(*subject);
    return std::make_unique<ObjPoolWorld>(simulation, std::move(subject));
  }
};

using ObjPoolCrimes = Crimes<Court>;

TEST_P(ObjPoolCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Calls, ObjPoolCrimes, ::testing::ValuesIn(crimes_of_calls()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Pools, ObjPoolCrimes, ::testing::ValuesIn(crimes_of_pools()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
