// States that are wrong: each rule of the slab target's audit fires, and says why.
#include "tests/oracle/slab_rogue.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;

const std::string kOne = "anyctx 1 target=slab\ntask0: a = kmalloc(1024)\n";
// The CPU's slab is another one; those with free objects are on the CPU's chain.
const std::string kChain =
    "anyctx 1 target=slab\ntask0: a = kmalloc(8192)\n b = kmalloc(8192)\n c = kmalloc(8192)\n"
    " d = kmalloc(8192)\n e = kmalloc(8192)\n kfree(a)\n";
// A slab of a debug cache, on its node's list; and a full one.
const std::string kListed = "anyctx 1 target=slab debug=poison\ntask0: a = kmalloc(1024)\n";
const std::string kFull =
    "anyctx 1 target=slab debug=poison\ntask0: a = kmalloc(8192)\n b = kmalloc(8192)\n"
    " c = kmalloc(8192)\n d = kmalloc(8192)\n";

/// The inspector reports a state that is not what the allocator has.
Crime reports(std::string name, VerdictKind verdict, std::string rule, std::string program,
              std::function<void(RogueInspector&)> lie) {
  return {std::move(name), verdict, std::move(rule), std::move(program),
          [lie = std::move(lie)](RogueSubject& rogue) { lie(rogue.rogue_inspector()); }};
}

Crime node_says(std::string name, std::string rule, std::string program,
                std::function<void(NodeView&)> lie, VerdictKind verdict = VerdictKind::counter) {
  return reports(
      std::move(name), verdict, std::move(rule), std::move(program),
      [lie = std::move(lie)](RogueInspector& inspector) { inspector.change_node = lie; });
}

/// Lies about slabs of 1024 bytes and more only: the others are not what the programs are about.
Crime slab_says(std::string name, VerdictKind verdict, std::string rule, std::string program,
                std::function<void(SlabView&)> lie) {
  return reports(std::move(name), verdict, std::move(rule), std::move(program),
                 [lie = std::move(lie)](RogueInspector& inspector) {
                   inspector.change_slab = [lie](SlabId, SlabView& slab) {
                     if (slab.slot_size >= 1024) lie(slab);
                   };
                 });
}

std::vector<Crime> wrong_counters() {
  return {
      node_says("too_many_slabs", "as many as it says", kOne, [](NodeView& node) { ++node.slabs; }),
      node_says("too_few_objects", "as many as it says", kOne,
                [](NodeView& node) { --node.objects; }),
      node_says("too_many_partial", "length of their list", kListed,
                [](NodeView& node) { ++node.partial; }),
      slab_says("inuse_too_great", VerdictKind::counter, "not in use", kListed,
                [](SlabView& slab) { ++slab.inuse; }),
      slab_says("more_in_use_than_there_are", VerdictKind::counter, "at most all", kOne,
                [](SlabView& slab) { slab.inuse = slab.objects + 1; }),
      reports("pages_lost", VerdictKind::conservation, "every page", kOne,
              [](RogueInspector& inspector) {
                inspector.change_pages = [](PageCount& pages) { --pages.free; };
              }),
      reports("pages_in_disorder", VerdictKind::structure, "free pages", kOne,
              [](RogueInspector& inspector) { inspector.wrong_pages = "disorder"; }),
      reports("empty_slabs_kept", VerdictKind::structure, "few empty slabs",
              "anyctx 1 target=slab debug=poison\n"
              "task0: a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n a = kmalloc(8192)\n"
              " a = kmalloc(8192)\n",
              [](RogueInspector& inspector) {
                inspector.change_cache = [](CacheView& cache) { cache.min_partial = 0; };
              }),
  };
}

std::vector<Crime> wrong_structures() {
  return {
      reports("object_free_twice", VerdictKind::structure, "free once", kOne,
              [](RogueInspector& inspector) {
                inspector.change_freelist = [](std::span<const void*> objects, std::size_t length) {
                  objects[length] = objects[0];
                  return length + 1;
                };
              }),
      reports("freelist_leads_astray", VerdictKind::structure, "objects of its slab", kOne,
              [](RogueInspector& inspector) {
                inspector.change_freelist = [](std::span<const void*> objects, std::size_t length) {
                  objects[0] = static_cast<const std::byte*>(objects[0]) + 1;
                  return length;
                };
              }),
      reports("object_in_use_is_free", VerdictKind::use_after_free, "in use is not free", kOne,
              [](RogueInspector& inspector) {
                // Objects of a slab that one CPU had to itself are taken in ascending order.
                inspector.change_freelist = [](std::span<const void*> objects, std::size_t length) {
                  objects[length] = static_cast<const std::byte*>(objects[0]) - 1024;
                  return length + 1;
                };
              }),
      reports("object_lost", VerdictKind::conservation, "free or in use", kOne,
              [](RogueInspector& inspector) {
                inspector.change_freelist = [](std::span<const void*>, std::size_t length) {
                  return length - 1;
                };
              }),
      reports("links_in_the_open", VerdictKind::structure, "hide where",
              "anyctx 1 target=slab encoded=yes\ntask0: a = kmalloc(1024)\n",
              [](RogueInspector& inspector) { inspector.shows_links = true; }),
      slab_says("cpu_slab_not_frozen", VerdictKind::structure, "fits its state", kOne,
                [](SlabView& slab) { slab.frozen = false; }),
      slab_says("slab_on_a_chain_frozen", VerdictKind::structure, "fits its state", kChain,
                [](SlabView& slab) { slab.frozen = true; }),
      slab_says("listed_but_not_marked", VerdictKind::structure, "fits its state", kListed,
                [](SlabView& slab) { slab.on_partial = false; }),
      slab_says("marked_but_not_listed", VerdictKind::structure, "fits its state", kFull,
                [](SlabView& slab) { slab.on_partial = true; }),
      slab_says("slab_of_another_node", VerdictKind::placement, "its own slabs", kListed,
                [](SlabView& slab) { slab.node = 1; }),
      node_says(
          "slab_on_two_lists", "one place", kListed,
          [](NodeView& node) { node.first_full = node.first_partial; }, VerdictKind::structure),
      node_says(
          "slab_on_no_list", "fits its state", kListed,
          [](NodeView& node) {
            node.first_partial = kNoSlab;
            node.partial = 0;
          },
          VerdictKind::structure),
      node_says(
          "list_leads_astray", "lists hold slabs", kListed,
          [](NodeView& node) { node.first_full = 255; }, VerdictKind::structure),
      node_says(
          "slab_of_another_cache", "its own slabs", kListed + " b = kmalloc(2048)\n",
          [before = kNoSlab](NodeView& node) mutable {
            node.first_full = before;
            before = node.first_partial;
          },
          VerdictKind::structure),
  };
}

TEST_P(SlabCrimes, IsFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Counters, SlabCrimes, ::testing::ValuesIn(wrong_counters()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Structures, SlabCrimes, ::testing::ValuesIn(wrong_structures()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
