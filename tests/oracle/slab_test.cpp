// Calls that misbehave: each oracle of the slab target that judges calls fires, and says why.
#include "lib/slab/sites.h"
#include "tests/oracle/slab_rogue.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using page::Gfp;

const std::string kAlloc = "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(64)\n";
const std::string kZeroed = "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(64, zero)\n";
const std::string kFree = "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(64)\n kfree_nolock(a)\n";
const std::string kLarge = "anyctx 1 target=slab\ntask0: a = kmalloc(20000)\n wrong_free(a)\n";
const std::string kCache =
    "anyctx 1 target=slab\ntask0: kmem_cache_create(cache0, 200)\n"
    " a = kmem_cache_alloc(cache0)\n kmem_cache_free(a)\n kmem_cache_destroy(cache0)\n";
const std::string kBusyCache =
    "anyctx 1 target=slab\ntask0: kmem_cache_create(cache0, 200)\n"
    " a = kmem_cache_alloc(cache0)\n kmem_cache_destroy(cache0)\n";
// Two objects of a debug cache; the second one keeps the slab alive.
const std::string kPoison =
    "anyctx 1 target=slab debug=poison\ntask0: a = kmalloc(64)\n b = kmalloc(64)\n"
    " write_after_free(a, byte=8)\n c = kmalloc(64)\n";

std::byte* bytes(const void* object) {
  return static_cast<std::byte*>(const_cast<void*>(object));
}

/// kmalloc_nolock() returns this instead.
Crime returns(std::string name, VerdictKind verdict, std::string rule, std::string program,
              RogueSubject::Alloc alloc) {
  return {std::move(name), verdict, std::move(rule), std::move(program),
          [alloc = std::move(alloc)](RogueSubject& rogue) { rogue.on_kmalloc_nolock = alloc; }};
}

std::vector<Crime> crimes_of_allocations() {
  return {
      returns("same_object_twice", VerdictKind::overlap, "one user at a time",
              "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(64)\n b = kmalloc_nolock(64)\n",
              [first = static_cast<void*>(nullptr)](SlabSubject& honest, std::size_t size, Gfp gfp,
                                                    int node) mutable {
                if (first == nullptr) first = honest.kmalloc_nolock(size, gfp, node);
                return first;
              }),
      returns("address_outside_memory", VerdictKind::overlap, "one user at a time", kAlloc,
              [](SlabSubject&, std::size_t, Gfp, int) -> void* {
                static std::uint64_t elsewhere[8];
                return elsewhere;
              }),
      returns("pages_instead_of_an_object", VerdictKind::overlap, "lies in a slab", kAlloc,
              [](SlabSubject& honest, std::size_t, Gfp, int node) {
                return honest.alloc_pages_nolock(Gfp::none, node, 0);
              }),
      returns("middle_of_an_object", VerdictKind::placement, "slot of its slab starts", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) -> void* {
                return bytes(honest.kmalloc_nolock(size, gfp, node)) + 8;
              }),
      returns("bucket_far_too_big", VerdictKind::difference, "bucket of its size", kAlloc,
              [](SlabSubject& honest, std::size_t, Gfp gfp, int node) {
                return honest.kmalloc_nolock(500, gfp, node);
              }),
      returns("next_bucket_for_no_reason", VerdictKind::spurious_failure, "bucket of its size",
              kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                return honest.kmalloc_nolock(size + 1, gfp, node);
              }),
      returns("null_without_a_cause", VerdictKind::spurious_failure, "has a cause", kAlloc,
              [](SlabSubject&, std::size_t, Gfp, int) -> void* { return nullptr; }),
      returns("null_by_a_blanket_refusal", VerdictKind::spurious_failure, "while there is memory",
              kAlloc,
              [](SlabSubject&, std::size_t, Gfp, int) -> void* {
                static_cast<void>(Sim::fails(slab::site::context, true));
                return nullptr;
              }),
      returns("always_null_without_cas2", VerdictKind::spurious_failure, "while there is memory",
              "anyctx 1 target=slab cas2=no\ntask0: a = kmalloc_nolock(64)\n",
              [](SlabSubject&, std::size_t, Gfp, int) -> void* {
                static_cast<void>(Sim::fails(slab::site::no_cas2, true));
                return nullptr;
              }),
      returns("served_though_refused", VerdictKind::error_code, "is refused",
              "anyctx 1 target=slab cas2=no without_cas2=fail\ntask0: a = kmalloc_nolock(64)\n",
              [](SlabSubject& honest, std::size_t, Gfp, int node) {
                return honest.alloc_pages_nolock(Gfp::none, node, 0);
              }),
      returns("null_after_one_attempt", VerdictKind::spurious_failure, "tried two buckets",
              kAlloc + "nmi0: b = kmalloc_nolock(8)\nat task0.0 op.begin#1: nmi0\n",
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) -> void* {
                if (size == 8) return honest.kmalloc_nolock(size, gfp, node);
                static_cast<void>(Sim::fails(slab::site::cpu_busy, true));
                return nullptr;
              }),
      returns("served_where_it_might_sleep", VerdictKind::sleep_in_atomic, "is refused",
              "anyctx 1 target=slab rt=yes\ntask0: a = kmalloc_nolock(64, preempt_off)\n",
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                Sim::preempt_enable();
                void* const object = honest.kmalloc_nolock(size, gfp, node);
                Sim::preempt_disable();
                return object;
              }),
      returns("not_zeroed", VerdictKind::zero, "is zero", kZeroed,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) -> void* {
                std::byte* const object = bytes(honest.kmalloc_nolock(size, gfp, node));
                object[size - 1] = std::byte{1};
                return object;
              }),
      returns("failure_keeps_a_page", VerdictKind::failure_atomicity, "keeps no pages",
              "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(40000)\n",
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                static_cast<void>(honest.alloc_pages_nolock(Gfp::none, node, 0));
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("more_than_nolock_serves", VerdictKind::error_code, "is refused",
              "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(40000)\n",
              [](SlabSubject& honest, std::size_t, Gfp gfp, int node) {
                return honest.kmalloc_nolock(8192, gfp, node);
              }),
      returns("null_for_no_bytes", VerdictKind::error_code, "the sentinel",
              "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(0)\n",
              [](SlabSubject&, std::size_t, Gfp, int) -> void* { return nullptr; }),
      {"wrong_family", VerdictKind::placement, "slabs of their own",
       "anyctx 1 target=slab\ntask0: a = kmalloc(64, reclaimable)\n",
       [](RogueSubject& rogue) {
         rogue.on_kmalloc = [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
           return honest.kmalloc(size, gfp & ~page::gfp::reclaimable, node);
         };
       }},
      {"wrong_node", VerdictKind::placement, "bound to a node",
       "anyctx 1 target=slab nodes=2\ntask0: a = kmalloc(64, thisnode, node=1)\n",
       [](RogueSubject& rogue) {
         rogue.on_kmalloc = [](SlabSubject& honest, std::size_t size, Gfp gfp, int) {
           return honest.kmalloc(size, gfp, 0);
         };
       }},
      {"misaligned_cache", VerdictKind::placement, "aligned as promised",
       "anyctx 1 target=slab\ntask0: kmem_cache_create(cache0, 200, align=64)\n"
       " a = kmem_cache_alloc(cache0)\n b = kmem_cache_alloc(cache0)\n",
       [](RogueSubject& rogue) {
         rogue.on_create = [](SlabSubject& honest, CacheSpec spec) {
           spec.align = 8;
           return honest.kmem_cache_create(spec);
         };
       }},
      {"not_constructed", VerdictKind::content, "is constructed",
       "anyctx 1 target=slab\ntask0: kmem_cache_create(cache0, 200, flags=ctor)\n"
       " a = kmem_cache_alloc(cache0)\n",
       [](RogueSubject& rogue) {
         rogue.on_create = [](SlabSubject& honest, CacheSpec spec) {
           spec.constructor = nullptr;
           return honest.kmem_cache_create(spec);
         };
       }},
      {"object_of_another_cache", VerdictKind::placement, "slab of the cache", kBusyCache,
       [](RogueSubject& rogue) {
         rogue.on_cache_alloc = [](SlabSubject& honest, CacheHandle, Gfp gfp, int node) {
           return honest.kmalloc(200, gfp, node);
         };
       }},
      {"impossible_cache", VerdictKind::error_code, "impossible cache",
       "anyctx 1 target=slab\ntask0: kmem_cache_create(cache0, 200, align=3)\n",
       [](RogueSubject& rogue) {
         rogue.on_create = [](SlabSubject& honest, CacheSpec spec) {
           spec.align = 8;
           return honest.kmem_cache_create(spec);
         };
       }},
      {"no_cache_without_a_cause", VerdictKind::spurious_failure, "has a cause", kCache,
       [](RogueSubject& rogue) {
         rogue.on_create = [](SlabSubject&, const CacheSpec&) -> CacheHandle { return nullptr; };
       }},
      {"no_cache_by_a_blanket_refusal", VerdictKind::spurious_failure, "while there is memory",
       kCache,
       [](RogueSubject& rogue) {
         rogue.on_create = [](SlabSubject&, const CacheSpec&) -> CacheHandle {
           static_cast<void>(Sim::fails(slab::site::size, true));
           return nullptr;
         };
       }},
  };
}

std::vector<Crime> crimes_of_frees() {
  return {
      {"free_writes_to_another_object", VerdictKind::content, "only its user",
       "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(64)\n b = kmalloc_nolock(64)\n"
       " kfree_nolock(a)\n kfree_nolock(b)\n",
       [](RogueSubject& rogue) {
         rogue.on_kfree_nolock = [](SlabSubject& honest, const void* object) {
           const std::uintptr_t other = reinterpret_cast<std::uintptr_t>(object) ^ 64;
           *reinterpret_cast<std::byte*>(other) ^= std::byte{1};
           honest.kfree_nolock(object);
         };
       }},
      {"free_loses_the_object", VerdictKind::conservation, "free or in use", kFree,
       [](RogueSubject& rogue) { rogue.on_kfree_nolock = [](SlabSubject&, const void*) {}; }},
      {"ordinary_free_defers", VerdictKind::difference, "done when it returns",
       "anyctx 1 target=slab debug=all\ntask0: a = kmalloc_nolock(64)\n kfree(a)\n"
       "at task0.1 irq_work.raise#1: delay 0\n",
       [](RogueSubject& rogue) {
         rogue.on_kfree = [](SlabSubject& honest, const void* object) {
           const machine::IrqState irqs = Sim::irq_save();
           honest.kfree_nolock(object);
           Sim::irq_restore(irqs);
         };
       }},
      {"ksize_of_the_request", VerdictKind::difference, "ksize",
       "anyctx 1 target=slab\ntask0: a = kmalloc_nolock(60)\n ksize(a)\n",
       [](RogueSubject& rogue) {
         rogue.on_ksize = [](SlabSubject&, const void*) { return std::size_t{60}; };
       }},
      {"double_free_unnoticed", VerdictKind::double_free, "freed again",
       "anyctx 1 target=slab debug=all\ntask0: a = kmalloc_nolock(64)\n double_free(a)\n",
       [](RogueSubject& rogue) {
         rogue.on_kfree_nolock = [frees = 0](SlabSubject& honest, const void* object) mutable {
           if (frees++ == 0) honest.kfree_nolock(object);
         };
       }},
      {"overrun_unnoticed", VerdictKind::poison, "past the end",
       "anyctx 1 target=slab debug=redzone\ntask0: a = kmalloc(64)\n write_past_end(a)\n",
       [](RogueSubject& rogue) { rogue.on_kfree = [](SlabSubject&, const void*) {}; }},
      {"write_after_free_unnoticed", VerdictKind::poison, "before the object is handed out",
       kPoison,
       [](RogueSubject& rogue) {
         // Repairs the damage before the check would see it.
         rogue.on_kmalloc = [calls = 0, first = static_cast<void*>(nullptr)](
                                SlabSubject& honest, std::size_t size, Gfp gfp, int node) mutable {
           if (++calls == 3) machine::raw::fill_hidden(bytes(first) + 8, 0x6b, 1);
           void* const object = honest.kmalloc(size, gfp, node);
           if (calls == 1) first = object;
           return object;
         };
       }},
      {"wrong_free_unnoticed", VerdictKind::invalid_free, "does not fit", kLarge,
       [](RogueSubject& rogue) { rogue.on_kfree_nolock = [](SlabSubject&, const void*) {}; }},
  };
}

std::vector<Crime> crimes_of_caches() {
  return {
      {"destroyed_with_slabs", VerdictKind::use_after_destroy, "refers to a destroyed cache",
       kCache,
       [](RogueSubject& rogue) {
         rogue.on_destroy = [](SlabSubject&, CacheHandle) { return true; };
       }},
      {"destroyed_in_use", VerdictKind::conservation, "destroyed if none", kBusyCache,
       [](RogueSubject& rogue) {
         rogue.on_destroy = [](SlabSubject&, CacheHandle) { return true; };
       }},
      {"in_use_but_not_reported", VerdictKind::conservation, "destroyed if none", kBusyCache,
       [](RogueSubject& rogue) {
         rogue.on_destroy = [](SlabSubject&, CacheHandle) { return false; };
       }},
      {"not_destroyed", VerdictKind::conservation, "destroyed if none", kCache,
       [](RogueSubject& rogue) {
         rogue.on_destroy = [](SlabSubject&, CacheHandle) { return false; };
       }},
      {"shrink_lies", VerdictKind::error_code, "whether slabs remain",
       "anyctx 1 target=slab\ntask0: a = kmalloc(64)\n shrink_bucket(64)\n",
       [](RogueSubject& rogue) {
         rogue.on_shrink = [](SlabSubject& honest, CacheHandle cache) {
           return !honest.kmem_cache_shrink(cache);
         };
       }},
      {"shrink_forgets_other_cpus", VerdictKind::structure, "what every CPU has cached",
       "anyctx 1 target=slab cpus=2\ntask0: a = kmalloc(64)\n kfree(a)\n"
       "task1: shrink_bucket(64)\n",
       [](RogueSubject& rogue) {
         rogue.on_shrink = [](SlabSubject&, CacheHandle) { return false; };
       }},
      {"barrier_does_not_wait", VerdictKind::conservation, "barrier waits",
       "anyctx 1 target=slab debug=all\ntask0: a = kmalloc_nolock(64)\n kfree_nolock(a)\n"
       " deferred_work_barrier()\nat task0.1 irq_work.raise#1: delay 0\n",
       [](RogueSubject& rogue) { rogue.on_barrier = [](SlabSubject&) {}; }},
      {"nothing_runs_deferred_work", VerdictKind::no_progress, "deferred work runs",
       "anyctx 1 target=slab debug=all\ntask0: a = kmalloc_nolock(64)\n kfree_nolock(a)\n",
       [](RogueSubject& rogue) {
         static int left;
         rogue.rogue_inspector().first_deferred_of = [](unsigned) -> const void* { return &left; };
       }},
      {"deferred_work_is_forgotten", VerdictKind::conservation, "processed in the end",
       "anyctx 1 target=slab rt=yes\ntask0: a = kmalloc_nolock(64)\n kfree_nolock(a)\n",
       [](RogueSubject& rogue) {
         static int left;
         rogue.rogue_inspector().first_deferred_of = [](unsigned) -> const void* { return &left; };
       }},
  };
}

// What the machine itself watches, in calls of this target.
std::vector<Crime> crimes_against_the_machine() {
  return {
      returns("preemption_left_off", VerdictKind::lock_state, "as it found them", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                Sim::preempt_disable();
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("interrupts_left_off", VerdictKind::lock_state, "as it found them", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                static_cast<void>(Sim::irq_save());
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("lock_left_held", VerdictKind::lock_state, "as it found them", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                static std::uint32_t word;
                word = 0;
                static_cast<void>(Sim::try_lock(slab::site::list_lock, &word));
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("waits_for_a_lock", VerdictKind::forbidden_action, "only tries locks", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                static std::uint32_t word;
                word = 0;
                Sim::lock(slab::site::list_lock, &word);
                Sim::unlock(slab::site::list_lock, &word);
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("sleeps", VerdictKind::sleep_in_atomic, "may sleep", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                Sim::might_sleep(slab::site::may_sleep);
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("wakes_somebody", VerdictKind::forbidden_action, "wakes nobody", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                Sim::wake(slab::site::may_sleep);
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("takes_many_steps", VerdictKind::no_progress, "few steps", kAlloc,
              [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                for (int i = 0; i < 2000; ++i) Sim::probe(slab::site::fresh_slab);
                return honest.kmalloc_nolock(size, gfp, node);
              }),
      returns("never_ends", VerdictKind::no_progress, "bounded number", kAlloc,
              [](SlabSubject&, std::size_t, Gfp, int) -> void* {
                for (;;) Sim::probe(slab::site::fresh_slab);
              }),
  };
}

TEST_P(SlabCrimes, IsFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Allocations, SlabCrimes, ::testing::ValuesIn(crimes_of_allocations()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Frees, SlabCrimes, ::testing::ValuesIn(crimes_of_frees()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(Caches, SlabCrimes, ::testing::ValuesIn(crimes_of_caches()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Machine, SlabCrimes, ::testing::ValuesIn(crimes_against_the_machine()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
