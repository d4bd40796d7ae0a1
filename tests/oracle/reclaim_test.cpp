// Each oracle of the reclaim target fires: allocators that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <optional>
#include <ostream>

#include "fuzzers/targets/reclaim_schema.h"
#include "fuzzers/targets/reclaim_target.h"
#include "fuzzers/targets/reclaim_world.h"
#include "lib/defer/sites.h"
#include "lib/page/sites.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;

/// Does as the honest subject does, but where a function is set. It is given the honest one.
class Rogue final : public ReclaimSubject {
 public:
  explicit Rogue(inject::Simulation& simulation) : honest_(make_own_reclaim_subject(simulation)) {}

  std::function<void*(ReclaimSubject&, std::size_t)> on_kmalloc;
  std::function<void(ReclaimSubject&, void*)> on_kfree, on_kfree_rcu;
  std::function<void(ReclaimSubject&, GraceKind, CallbackHead*, Callback)> on_call;
  std::function<bool(ReclaimSubject&)> on_destroy_pair;
  std::function<void(ReclaimSubject&)> on_shrink_pair;
  std::function<void*(ReclaimSubject&)> on_alloc_pair;
  std::function<void(ReclaimSubject&)> on_synchronize, on_barrier, on_kvfree_barrier;
  std::function<bool(const void*)> on_waiting;
  std::string_view wrong;
  std::int64_t lost = 0;
  PairSpec spec;

  void reset(const SlabOptions& options) override { honest_->reset(options); }
  void* kmalloc_nolock(std::size_t size) override {
    return on_kmalloc ? on_kmalloc(*honest_, size) : honest_->kmalloc_nolock(size);
  }
  void kfree_nolock(void* object) override {
    on_kfree ? on_kfree(*honest_, object) : honest_->kfree_nolock(object);
  }
  void kfree_rcu(void* head) override { kfree_rcu_nolock(head); }
  void kfree_rcu_nolock(void* head) override {
    on_kfree_rcu ? on_kfree_rcu(*honest_, head) : honest_->kfree_rcu_nolock(head);
  }
  void kfree_srcu_fast_nolock(void* head) override { honest_->kfree_srcu_fast_nolock(head); }
  void call_nolock(GraceKind kind, CallbackHead* head, Callback callback) override {
    on_call ? on_call(*honest_, kind, head, callback) : honest_->call_nolock(kind, head, callback);
  }
  bool create_pair(const PairSpec& wanted) override {
    spec = wanted;
    return honest_->create_pair(wanted);
  }
  bool destroy_pair() override {
    return on_destroy_pair ? on_destroy_pair(*honest_) : honest_->destroy_pair();
  }
  void shrink_pair() override {
    on_shrink_pair ? on_shrink_pair(*honest_) : honest_->shrink_pair();
  }
  void* alloc_pair_nolock() override {
    return on_alloc_pair ? on_alloc_pair(*honest_) : honest_->alloc_pair_nolock();
  }
  Token read_lock(ReaderKind kind) override { return honest_->read_lock(kind); }
  void read_unlock(ReaderKind kind, Token token) override { honest_->read_unlock(kind, token); }
  void synchronize(GraceKind kind) override {
    on_synchronize ? on_synchronize(*honest_) : honest_->synchronize(kind);
  }
  void barrier(GraceKind kind) override {
    on_barrier ? on_barrier(*honest_) : honest_->barrier(kind);
  }
  void kvfree_rcu_barrier() override {
    on_kvfree_barrier ? on_kvfree_barrier(*honest_) : honest_->kvfree_rcu_barrier();
  }
  void deferred_work_barrier() override { honest_->deferred_work_barrier(); }
  bool is_waiting(const void* object) const override {
    return on_waiting ? on_waiting(object) : honest_->is_waiting(object);
  }
  bool has_room() const override { return honest_->has_room(); }
  bool has_more_than(MemoryLeft left) const override { return honest_->has_more_than(left); }
  std::string_view audit() const override { return wrong.empty() ? honest_->audit() : wrong; }
  std::int64_t live_objects() const override { return honest_->live_objects() + lost; }

 private:
  std::unique_ptr<ReclaimSubject> honest_;
};

using Crime = CrimeOf<Rogue>;

const std::string kTypesafe = "anyctx 1 target=reclaim cpus=2 scheme=typesafe_srcu\n";
const std::string kPlain = "anyctx 1 target=reclaim cpus=2\n";
/// Task 0 has found the first thing when task 1 does its part.
const std::string kReader = "task0: publish(slot0, how0)\n read(slot0, reader0, looks=2)\n task1: ";
const std::string kStands = "at task0.1 reclaim.look#1: run task1\n";

Thing* thing_of(CallbackHead* head) {
  return reinterpret_cast<Thing*>(reinterpret_cast<std::byte*>(head) - offsetof(Thing, callback));
}

std::vector<Crime> crimes_of_frees() {
  return {
      {"frees_under_a_reader", VerdictKind::content, "a reader found stays",
       kPlain + kReader + "unpublish(slot0, how0)\n churn(1)\n" + kStands,
       [](Rogue& rogue) {
         rogue.on_kfree_rcu = [](ReclaimSubject&, void* head) {
           std::memset(static_cast<std::byte*>(head) + 8, 0xee, 16);
         };
       }},
      {"hands_out_what_waits", VerdictKind::overlap, "waits for a grace period",
       kPlain + "task0: publish(slot0, how0)\n unpublish(slot0, how0)\n publish(slot0, how0)\n"
                "at task0.1 irq_work.raise#1: delay 0\n",
       [](Rogue& rogue) {
         auto last = std::make_shared<void*>(nullptr);
         rogue.on_kmalloc = [last](ReclaimSubject& honest, std::size_t size) {
           return *last = *last != nullptr ? *last : honest.kmalloc_nolock(size);
         };
       }},
      {"hands_out_under_a_reader", VerdictKind::grace_period, "is used again after all readers",
       kPlain + kReader + "unpublish(slot0, how0)\n publish(slot1, how0)\n" + kStands,
       [](Rogue& rogue) {
         auto last = std::make_shared<void*>(nullptr);
         rogue.on_kmalloc = [last](ReclaimSubject& honest, std::size_t size) {
           return *last = *last != nullptr ? *last : honest.kmalloc_nolock(size);
         };
         rogue.on_kfree_rcu = [](ReclaimSubject&, void*) {};
       }},
      {"never_ends", VerdictKind::no_progress, "without being asked",
       kPlain + "task0: publish(slot0, how0)\n unpublish(slot0, how0)\n",
       [](Rogue& rogue) {
         auto freed = std::make_shared<bool>(false);
         rogue.on_kfree_rcu = [freed](ReclaimSubject&, void*) { *freed = true; };
         rogue.on_waiting = [freed](const void*) { return *freed; };
       }},
      {"barrier_forgets", VerdictKind::grace_period, "for all memory freed before",
       kPlain + "task0: publish(slot0, how0)\n unpublish(slot0, how0)\n kvfree_rcu_barrier()\n"
                "at task0.1 irq_work.raise#1: delay 0\n",
       [](Rogue& rogue) { rogue.on_kvfree_barrier = [](ReclaimSubject&) {}; }},
      {"loses_an_object", VerdictKind::conservation, "is free in the end",
       kPlain + "task0: publish(slot0, how0)\n", [](Rogue& rogue) { rogue.lost = 1; }},
      {"unsound", VerdictKind::structure, "are sound", kPlain + "task0: publish(slot0, how0)\n",
       [](Rogue& rogue) { rogue.wrong = "a list is broken"; }},
      {"wakes_under_a_scheduler_lock", VerdictKind::deadlock, "takes a lock of the scheduler",
       "anyctx 1 target=reclaim cpus=2 rq_lock=tasks\n"
       "task0: publish(slot0, how0)\n unpublish_spinning(slot0)\n",
       [](Rogue& rogue) {
         rogue.on_kfree_rcu = [](ReclaimSubject&, void*) {
           const inject::Watched watched;
           Sim::wake(page::site::reclaim);
         };
       }},
      {"wakes_a_worker_under_a_scheduler_lock", VerdictKind::deadlock,
       "takes a lock of the scheduler",
       "anyctx 1 target=reclaim cpus=2 rq_lock=task1\n"
       "task0: publish(slot0, how0)\ntask1: publish(slot0, how0)\n",
       [](Rogue& rogue) {
         rogue.on_kfree_rcu = [](ReclaimSubject&, void*) {
           static machine::IrqLine line;
           const inject::Watched watched;
           Sim::wake_worker(defer::site::work, &line);
         };
       }},
      {"fails_without_cause", VerdictKind::spurious_failure, "while there is memory",
       kPlain + "task0: publish(slot0, how0)\n",
       [](Rogue& rogue) {
         rogue.on_kmalloc = [](ReclaimSubject&, std::size_t) -> void* { return nullptr; };
       }},
  };
}

std::vector<Crime> crimes_of_callbacks() {
  const std::string replaced = kPlain + kReader + "publish(slot0, how1)\n" + kStands;
  const std::string twice = kPlain + "task0: publish(slot0, how0)\n unpublish(slot0, how1)\n";
  return {
      {"calls_under_a_reader", VerdictKind::grace_period, "is called after all readers", replaced,
       [](Rogue& rogue) {
         rogue.on_call = [](ReclaimSubject&, GraceKind, CallbackHead* head, Callback callback) {
           callback(head);
         };
       }},
      {"writes_to_what_waits", VerdictKind::content, "nothing but the head changes", twice,
       [](Rogue& rogue) {
         rogue.on_call = [](ReclaimSubject& honest, GraceKind kind, CallbackHead* head,
                            Callback callback) {
           std::memset(reinterpret_cast<std::byte*>(thing_of(head)) + sizeof(Thing) + 16, 0, 64);
           honest.call_nolock(kind, head, callback);
         };
       }},
      {"calls_twice", VerdictKind::double_free, "is called once", twice,
       [](Rogue& rogue) {
         rogue.on_kfree = [](ReclaimSubject&, void*) {};
         rogue.on_call = [](ReclaimSubject&, GraceKind, CallbackHead* head, Callback callback) {
           callback(head);
           callback(head);
         };
       }},
      {"never_calls", VerdictKind::no_progress, "without being asked", twice,
       [](Rogue& rogue) {
         rogue.on_call = [](ReclaimSubject&, GraceKind, CallbackHead*, Callback) {};
       }},
      {"barrier_does_not_wait", VerdictKind::grace_period, "for all callbacks",
       kPlain + "task0: publish(slot0, how0)\n unpublish(slot0, how1)\n barrier(kind0)\n"
                "at task0.1 irq_work.raise#1: delay 0\n",
       [](Rogue& rogue) { rogue.on_barrier = [](ReclaimSubject&) {}; }},
      {"synchronize_does_not_wait", VerdictKind::grace_period, "ends after all readers",
       kPlain + kReader + "synchronize(kind0)\n" + kStands,
       [](Rogue& rogue) { rogue.on_synchronize = [](ReclaimSubject&) {}; }},
  };
}

std::vector<Crime> crimes_of_caches() {
  const std::string empty = kTypesafe + "task0: publish(slot0, how0)\n unpublish(slot0, how0)\n";
  // A reader has found a thing and not yet its reference when another task does its part.
  const std::string found = kTypesafe +
                            "task0: publish(slot0, how0)\n borrow(slot0, reader1, looks=1)\n"
                            "task1: unpublish(slot0, how0)\n shrink()\n"
                            "at task0.1 reclaim.link.load#2: run task1\n";
  return {
      {"not_constructed", VerdictKind::content, "stay constructed", empty,
       [](Rogue& rogue) {
         rogue.on_alloc_pair = [](ReclaimSubject& honest) {
           void* const object = honest.alloc_pair_nolock();
           static_cast<Thing*>(object)->magic = 0;
           return object;
         };
       }},
      {"in_use", VerdictKind::overlap, "one user at a time", empty,
       [](Rogue& rogue) {
         rogue.on_alloc_pair = [](ReclaimSubject& honest) {
           void* const object = honest.alloc_pair_nolock();
           static_cast<Thing*>(object)->refs.init(1);
           return object;
         };
       }},
      {"kept", VerdictKind::conservation, "can be destroyed", empty,
       [](Rogue& rogue) {
         rogue.on_destroy_pair = [](ReclaimSubject& honest) {
           static_cast<void>(honest.destroy_pair());
           return false;
         };
       }},
      {"not_destructed", VerdictKind::conservation, "is destructed", empty,
       [](Rogue& rogue) {
         rogue.on_destroy_pair = [](ReclaimSubject& honest) {
           const bool gone = honest.destroy_pair();
           ++Constructed::alive;
           return gone;
         };
       }},
      {"destructed_twice", VerdictKind::conservation, "was constructed, once", found,
       [](Rogue& rogue) {
         rogue.on_kfree = [&rogue](ReclaimSubject& honest, void* object) {
           static_cast<Thing*>(object)->magic = Thing::kDestructed;
           rogue.spec.destructor(object);
           honest.kfree_nolock(object);
         };
       }},
      {"destructed_under_a_reader", VerdictKind::grace_period, "no reader can see them", found,
       [](Rogue& rogue) {
         rogue.on_kfree = [&rogue](ReclaimSubject& honest, void* object) {
           rogue.spec.destructor(object);
           honest.kfree_nolock(object);
         };
       }},
      {"destructed_in_use", VerdictKind::refcount, "nobody refers to them", empty,
       [](Rogue& rogue) {
         rogue.on_kfree = [&rogue](ReclaimSubject& honest, void* object) {
           static_cast<Thing*>(object)->refs.init(1);
           rogue.spec.destructor(object);
           honest.kfree_nolock(object);
         };
       }},
      {"count_overwritten", VerdictKind::content, "is sound at any instant", found,
       [](Rogue& rogue) {
         rogue.on_kfree = [](ReclaimSubject& honest, void* object) {
           static_cast<Thing*>(object)->refs.init(0xfffffff0);
           honest.kfree_nolock(object);
         };
       }},
      {"free_object_overwritten", VerdictKind::grace_period, "what a reader finds is a thing",
       kTypesafe + "task0: publish(slot0, how0)\n publish(slot1, how0)\n borrow(slot0, reader1)\n",
       [](Rogue& rogue) {
         rogue.on_alloc_pair = [](ReclaimSubject& honest) {
           // The first one changes when the second is made.
           static Thing* first = nullptr;
           auto* const object = static_cast<Thing*>(honest.alloc_pair_nolock());
           if (first != nullptr) first->magic = 0;
           first = first == nullptr ? object : nullptr;
           return static_cast<void*>(object);
         };
       }},
  };
}

struct Court {
  using Rogue = target::Rogue;
  static engine::Target target() { return reclaim_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(Rogue&)>& commit) {
    auto subject = std::make_unique<Rogue>(simulation);
    commit(*subject);
    return std::make_unique<ReclaimWorld>(simulation, std::move(subject));
  }
};

using ReclaimCrimes = Crimes<Court>;

TEST_P(ReclaimCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Frees, ReclaimCrimes, ::testing::ValuesIn(crimes_of_frees()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Callbacks, ReclaimCrimes, ::testing::ValuesIn(crimes_of_callbacks()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Caches, ReclaimCrimes, ::testing::ValuesIn(crimes_of_caches()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
