// Deferred frees: when objects are handed to the handler, what the barrier promises, and frees of
// the same object twice.
#include "tests/unit/slab_bed.h"

namespace anyctx::test {
namespace {

using machine::Bug;
using machine::Context;
namespace site = slab::site;

struct DeferredFree : SlabBed {
  DeferredFree() {
    init({.encoded_freelist = true});
    hooks().hold_interrupts = true;
  }
  /// An object whose slab is not this CPU's.
  void* elsewhere() {
    script().cpu = 1;
    void* const object = alloc(64);
    script().cpu = 0;
    return object;
  }
};

TEST_F(DeferredFree, OwnSlabIsFreedAtOnce) {
  void* const object = alloc(64);
  free_nolock(object);
  EXPECT_FALSE(slabs.deferred().contains(object));
  EXPECT_EQ(alloc(64), object);
  slabs.kfree(object);
}

TEST_F(DeferredFree, OtherSlabsWaitForTheHandler) {
  void* const object = elsewhere();
  free_nolock(object);
  EXPECT_TRUE(slabs.deferred().contains(object));
  EXPECT_EQ(census(bucket(64)).deferred, 1);
  EXPECT_EQ(slab::audit(slabs), "");
  M::deliver();
  EXPECT_FALSE(slabs.deferred().contains(object));
  EXPECT_EQ(census(bucket(64)).deferred, 0);
  EXPECT_EQ(census(bucket(64)).live(), 0);
}

TEST_F(DeferredFree, HandlerWritesAnEncodedEndOfList) {
  // The only free object of its slab: the end of the list is what the handler wrote.
  std::vector<void*> objects;
  script().cpu = 1;
  for (int i = 0; i < 64; ++i) objects.push_back(alloc(64));
  script().cpu = 0;
  free_nolock(objects[5]);
  M::deliver();
  EXPECT_EQ(slab::audit(slabs), "");
  EXPECT_EQ(bucket(64).peek_next_free(objects[5]), nullptr);
  objects.erase(objects.begin() + 5);
  for (void* const object : objects) slabs.kfree(object);
  expect_nothing_live();
}

TEST_F(DeferredFree, OneInterruptServesMany) {
  std::vector<void*> objects;
  for (int i = 0; i < 100; ++i) objects.push_back(elsewhere());
  for (void* const object : objects) free_nolock(object);
  EXPECT_EQ(hooks().raised.size(), 1u);
  M::deliver();
  EXPECT_EQ(census(bucket(64)).live(), 0);
  EXPECT_EQ(census(bucket(64)).deferred, 0);
}

TEST_F(DeferredFree, ForcedDeferralIsEquivalent) {
  void* const object = alloc(64);
  fail_always(site::cpu_busy);
  free_nolock(object);
  script().fail = nullptr;
  EXPECT_TRUE(slabs.deferred().contains(object));
  expect_nothing_live();
}

TEST_F(DeferredFree, BarrierCoversAFrameBetweenPushAndQueue) {
  void* const a = elsewhere();
  void* const b = elsewhere();
  // The NMI that pushes first is itself cut short by our look, before it queues its work: what it
  // pushed is on the list and nobody will come for it until it goes on.
  bool looked = false;
  hooks().before = [&](Site at, Verb verb) {
    if (at != defer::site::irq_work_state || verb != Verb::rmw || looked) return;
    looked = true;
    EXPECT_TRUE(slabs.deferred().contains(a));
    free_nolock(b);  // sees a list that is not empty, does not queue
    EXPECT_TRUE(hooks().raised.empty());
    slabs.deferred_work_barrier();
    EXPECT_FALSE(slabs.deferred().contains(a));
    EXPECT_FALSE(slabs.deferred().contains(b));
  };
  slabs.kfree_nolock(a);
  EXPECT_TRUE(looked);
  hooks().before = nullptr;
  M::deliver();
  expect_nothing_live();
}

// The handler holds the element it took: the list is empty, but the barrier must wait.
TEST_F(DeferredFree, BarrierWaitsForAHandlerInProgress) {
  void* const object = elsewhere();
  free_nolock(object);
  struct Waited {};
  bool waited = false;
  hooks().at_relax = [] { throw Waited(); };
  before(site::deferred_limbo, Verb::probe, [&] {
    EXPECT_EQ(slabs.deferred().objects(0).peek(), nullptr);
    EXPECT_TRUE(slabs.deferred().contains(object));
    script().context = Context::task;  // as if it was another CPU's
    try {
      slabs.deferred_work_barrier();
    } catch (const Waited&) {
      waited = true;
    }
    script().context = Context::hardirq;
  });
  M::deliver();
  EXPECT_TRUE(waited);
  hooks() = {};
  script().locks_held = 0;  // that barrier never came to its end
  init();
}

TEST_F(DeferredFree, SecondFreeBeforeTheHandlerIsReported) {
  void* const object = elsewhere();
  free_nolock(object);
  free_nolock(object);
  expect_bug(Bug::double_free);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
  script().cpu = 1;  // where the object's slab is the CPU's
  free_nolock(object);
  expect_bug(Bug::double_free);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
  EXPECT_EQ(census(bucket(64)).deferred, 1);
  expect_nothing_live();
}

TEST_F(DeferredFree, SecondFreeOfTheFirstFreeObjectIsReported) {
  void* const object = alloc(64);
  slabs.kfree(object);
  slabs.kfree(object);
  expect_bug(Bug::double_free);
  free_nolock(object);
  expect_bug(Bug::double_free);
  void* const other = elsewhere();
  slabs.kfree(other);
  slabs.kfree(other);
  expect_bug(Bug::double_free);
  expect_nothing_live();
}

TEST_F(DeferredFree, ObjectsFreedInEveryContextComeBack) {
  for (const Context context : {Context::task, Context::softirq, Context::hardirq, Context::nmi}) {
    void* const object = elsewhere();
    M::in_context(context, [&] { free_nolock(object); });
  }
  M::deliver();
  EXPECT_EQ(census(bucket(64)).live(), 0);
}

TEST_F(DeferredFree, HundredThousandInOneRun) {
  std::vector<void*> objects;
  script().cpu = 1;
  for (int i = 0; i < 100000; ++i) objects.push_back(alloc(64));
  script().cpu = 0;
  for (void* const object : objects) free_nolock(object);
  M::deliver();
  EXPECT_EQ(census(bucket(64)).live(), 0);
  EXPECT_EQ(slab::audit(slabs), "");
}

}  // namespace
}  // namespace anyctx::test
