// Sheaves that are not what they should be, and calls that treat them as they should not: each rule
// of the slab target about sheaves fires, and says why.
#include "lib/slab/sites.h"
#include "tests/oracle/slab_rogue.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using page::Gfp;

const std::string kStart = "anyctx 1 target=slab design=sheaves\ntask0: ";
// The CPU's main sheaf has all that it has room for.
const std::string kMain = kStart + "a = kmalloc(8192)\n";

std::string times(unsigned count, const std::string& op) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) text += " " + op + "\n";
  return text;
}
// Main and spare sheaf have objects, and so has one in the barn.
const std::string kBarn =
    kStart + "kfree(b)\n" + times(10, "a = kmalloc(8192)") + times(10, "kfree(a)");
const std::string kBarns =
    kStart + "kfree(b)\n" + times(15, "a = kmalloc(8192)") + times(15, "kfree(a)");

Crime reports(std::string name, VerdictKind verdict, std::string rule, std::string program,
              std::function<void(RogueInspector&)> lie) {
  return {std::move(name), verdict, std::move(rule), std::move(program),
          [lie = std::move(lie)](RogueSubject& rogue) { lie(rogue.rogue_inspector()); }};
}
Crime sheaf_says(std::string name, VerdictKind verdict, std::string rule, std::string program,
                 std::function<void(SheafView&)> lie) {
  return reports(std::move(name), verdict, std::move(rule), std::move(program),
                 [lie = std::move(lie)](RogueInspector& inspector) {
                   inspector.change_sheaf = [lie](SheafView& sheaf) {
                     if (sheaf.size != 0) lie(sheaf);
                   };
                 });
}

/// Objects of a sheaf, changed.
class Copy {
 public:
  std::span<void* const> operator()(const SheafView& sheaf,
                                    const std::function<void(std::vector<void*>&)>& change) {
    objects_.assign(sheaf.objects.begin(), sheaf.objects.end());
    change(objects_);
    return objects_;
  }

 private:
  std::vector<void*> objects_;
};
Crime sheaf_holds(std::string name, VerdictKind verdict, std::string rule, std::string program,
                  std::function<void(std::vector<void*>&)> change) {
  return sheaf_says(std::move(name), verdict, std::move(rule), std::move(program),
                    [copy = std::make_shared<Copy>(), change](SheafView& sheaf) {
                      sheaf.objects = (*copy)(sheaf, change);
                    });
}

std::vector<Crime> wrong_sheaves() {
  return {
      sheaf_says("more_than_it_has_room_for", VerdictKind::structure, "has room for", kMain,
                 [](SheafView& sheaf) { sheaf.size = sheaf.capacity + 1; }),
      sheaf_says("room_for_more", VerdictKind::structure, "has room for", kMain,
                 [](SheafView& sheaf) { ++sheaf.capacity; }),
      sheaf_says("spare_partly_full", VerdictKind::structure, "empty or full", kBarn,
                 [](SheafView& sheaf) {
                   if (sheaf.size == sheaf.capacity) --sheaf.size;
                 }),
      sheaf_says("object_lost", VerdictKind::conservation, "free or in use", kMain,
                 [](SheafView& sheaf) { --sheaf.size; }),
      sheaf_holds("object_twice", VerdictKind::structure, "free once", kMain,
                  [](std::vector<void*>& objects) { objects[0] = objects[1]; }),
      sheaf_holds("middle_of_an_object", VerdictKind::structure, "objects of its cache", kMain,
                  [](std::vector<void*>& objects) {
                    objects[0] = static_cast<std::byte*>(objects[0]) + 8;
                  }),
      sheaf_holds("outside_of_memory", VerdictKind::structure, "objects of its cache", kMain,
                  [](std::vector<void*>& objects) {
                    static std::uint64_t elsewhere;
                    objects[0] = &elsewhere;
                  }),
      reports("free_in_its_slab_too", VerdictKind::structure, "free once",
              kStart + "a = kmalloc(1024)\n",
              [](RogueInspector& inspector) {
                inspector.change_freelist = [](std::span<const void*> objects, std::size_t length) {
                  // Objects of a slab that one CPU had to itself are taken in ascending order.
                  objects[length - 1] = static_cast<const std::byte*>(objects[0]) - 1024;
                  return length;
                };
              }),
      reports("no_main_sheaf", VerdictKind::structure, "always has a main sheaf", kMain,
              [](RogueInspector& inspector) {
                inspector.change_cpu_sheaves = [](CpuSheavesView& cpu) { cpu.main = nullptr; };
              }),
      reports("sheaf_in_two_places", VerdictKind::structure, "in one place", kMain,
              [](RogueInspector& inspector) {
                inspector.change_cpu_sheaves = [&](CpuSheavesView& cpu) {
                  if (inspector.sheaf(cpu.main).size != 0) cpu.spare = cpu.main;
                };
              }),
      reports("sheaf_lost", VerdictKind::conservation, "free or in use", kBarn,
              [](RogueInspector& inspector) {
                inspector.change_cpu_sheaves = [](CpuSheavesView& cpu) { cpu.spare = nullptr; };
              }),
  };
}

std::vector<Crime> wrong_barns() {
  const auto barn_says = [](std::string name, VerdictKind verdict, std::string rule,
                            std::string program, std::function<void(BarnView&)> lie) {
    return reports(std::move(name), verdict, std::move(rule), std::move(program),
                   [lie](RogueInspector& inspector) {
                     inspector.change_barn = [lie](BarnView& barn) {
                       if (barn.full != 0) lie(barn);
                     };
                   });
  };
  return {
      barn_says("too_many_counted", VerdictKind::counter, "as it says", kBarn,
                [](BarnView& barn) { ++barn.full; }),
      barn_says("empty_ones_counted", VerdictKind::counter, "as it says", kBarn,
                [](BarnView& barn) { ++barn.empty; }),
      barn_says("full_among_empty", VerdictKind::structure, "as its lists say", kBarn,
                [](BarnView& barn) {
                  std::swap(barn.full, barn.empty);
                  std::swap(barn.first_full, barn.first_empty);
                }),
      {"barn_beyond_its_limit", VerdictKind::structure, "few full sheaves",
       "anyctx 1 target=slab design=sheaves barn=1\ntask0: kfree(b)\n" +
           times(15, "a = kmalloc(8192)") + times(15, "kfree(a)"),
       [](RogueSubject& rogue) {
         rogue.change_options = [](SlabOptions& options) { options.barn_limit = 10; };
       }},
      {"shrink_forgets_cpus", VerdictKind::structure, "what every CPU has cached",
       kMain + " shrink_bucket(8192)\n",
       [](RogueSubject& rogue) {
         rogue.on_shrink = [](SlabSubject&, CacheHandle) { return false; };
       }},
      reports("shrink_forgets_barns", VerdictKind::structure, "what every node has cached",
              kMain + " shrink_bucket(8192)\n",
              [](RogueInspector& inspector) {
                inspector.change_barn = [](BarnView& barn) { ++barn.empty; };
              }),
  };
}

std::vector<Crime> wrong_calls() {
  const std::string only = "anyctx 1 target=slab design=sheaves cas2=no without_cas2=sheaf_only\n";
  return {
      sheaf_says("served_though_no_sheaf_has_any", VerdictKind::error_code, "no sheaf has",
                 only + "task0: a = kmalloc(64)\n b = kmalloc_nolock(64)\n",
                 [](SheafView& sheaf) { sheaf.size = 0; }),
      {"refused_though_a_sheaf_has_some", VerdictKind::spurious_failure, "while there is memory",
       only + "task0: a = kmalloc(64)\n b = kmalloc_nolock(64)\n",
       [](RogueSubject& rogue) {
         rogue.on_kmalloc_nolock = [](SlabSubject&, std::size_t, Gfp, int) -> void* {
           static_cast<void>(Sim::fails(slab::site::no_sheaf, true));
           return nullptr;
         };
       }},
      {"served_from_sheaves_without_having_any", VerdictKind::error_code, "is refused",
       "anyctx 1 target=slab cas2=no without_cas2=sheaf_only\ntask0: a = kmalloc_nolock(64)\n",
       [](RogueSubject& rogue) {
         rogue.on_kmalloc_nolock = [](SlabSubject& honest, std::size_t, Gfp, int node) {
           return honest.alloc_pages_nolock(Gfp::none, node, 0);
         };
       }},
      {"deferred_though_there_is_room", VerdictKind::spurious_failure, "sheaf that has room",
       kStart + "a = kmalloc(64)\n b = kmalloc_nolock(64)\n kfree_nolock(b)\n",
       [](RogueSubject& rogue) { rogue.rogue_inspector().all_deferred = true; }},
  };
}

std::vector<Crime> wrong_prefills() {
  const std::string fill =
      kStart + "kmem_cache_create(cache0, 200)\n a = kmem_cache_prefill_sheaf(cache0, 3)\n";
  const std::string use =
      fill + " b = kmem_cache_alloc_from_sheaf(a)\n kmem_cache_refill_sheaf(a, 70)\n";
  return {
      {"not_filled", VerdictKind::difference, "as many objects as wanted",
       kStart + "kmem_cache_create(cache0, 200)\n a = kmem_cache_prefill_sheaf(cache0, 4)\n",
       [](RogueSubject& rogue) {
         rogue.on_prefill = [](SlabSubject& honest, CacheHandle cache, Gfp gfp, unsigned) {
           return honest.kmem_cache_prefill_sheaf(cache, gfp, 2);
         };
       }},
      {"not_refilled", VerdictKind::difference, "as many objects as wanted", use,
       [](RogueSubject& rogue) {
         rogue.on_refill = [](SlabSubject&, CacheHandle, Gfp, SheafId&, unsigned) { return true; };
       }},
      {"null_without_a_cause", VerdictKind::spurious_failure, "has a cause", fill,
       [](RogueSubject& rogue) {
         rogue.on_prefill = [](SlabSubject&, CacheHandle, Gfp, unsigned) -> SheafId {
           return nullptr;
         };
       }},
      {"null_though_it_has_objects", VerdictKind::spurious_failure, "has objects serves", use,
       [](RogueSubject& rogue) {
         rogue.on_alloc_from_sheaf = [](SlabSubject&, CacheHandle, Gfp, SheafId) -> void* {
           return nullptr;
         };
       }},
      {"object_from_elsewhere", VerdictKind::counter, "one object less", use,
       [](RogueSubject& rogue) {
         rogue.on_alloc_from_sheaf = [](SlabSubject& honest, CacheHandle cache, Gfp gfp, SheafId) {
           return honest.kmem_cache_alloc(cache, gfp, -1);
         };
       }},
      {"sheaf_not_taken_back", VerdictKind::conservation, "free or in use",
       use + " kmem_cache_return_sheaf(a)\n",
       [](RogueSubject& rogue) {
         rogue.on_return_sheaf = [](SlabSubject&, CacheHandle, SheafId) {};
       }},
  };
}

TEST_P(SlabCrimes, IsFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Sheaves, SlabCrimes, ::testing::ValuesIn(wrong_sheaves()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(Barns, SlabCrimes, ::testing::ValuesIn(wrong_barns()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(Prefills, SlabCrimes, ::testing::ValuesIn(wrong_prefills()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(SheafCalls, SlabCrimes, ::testing::ValuesIn(wrong_calls()), name_of_crime);

}  // namespace
}  // namespace anyctx::target
