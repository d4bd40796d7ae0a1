// Accounting that is wrong: each oracle of the slab target that judges who pays fires, and says
// why.
#include <memory>

#include "lib/page/memcg_sites.h"
#include "tests/oracle/slab_rogue.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using page::Gfp;

const std::string kPaid = "anyctx 1 target=slab memcg=20\ntask0: a = kmalloc_nolock(64, account)\n";
const std::string kUnpaid = "anyctx 1 target=slab memcg=20\ntask0: a = kmalloc_nolock(64)\n";
const std::string kFreed = kPaid + " kfree_nolock(a)\n";
const std::string kRefused =
    "anyctx 1 target=slab memcg=2\ntask0: a = kmalloc_nolock(8192, account)\n";
const std::string kLarge = "anyctx 1 target=slab memcg=20\ntask0: a = kmalloc(20000, account)\n";

Crime in_nolock(std::string name, VerdictKind verdict, std::string rule, std::string program,
                RogueSubject::Alloc alloc) {
  return {std::move(name), verdict, std::move(rule), std::move(program),
          [alloc = std::move(alloc)](RogueSubject& rogue) { rogue.on_kmalloc_nolock = alloc; }};
}

Crime in_books(std::string name, VerdictKind verdict, std::string rule, std::string program,
               std::function<void(RogueMemcg&)> change) {
  return {std::move(name), verdict, std::move(rule), std::move(program),
          [change = std::move(change)](RogueSubject& rogue) { change(rogue.rogue_memcg()); }};
}

std::vector<Crime> crimes_of_allocations() {
  return {
      in_nolock("object_free_of_charge", VerdictKind::difference, "on account pays for it", kPaid,
                [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                  return honest.kmalloc_nolock(size, gfp & ~page::gfp::account, node);
                }),
      in_nolock("charge_for_nothing", VerdictKind::difference, "if asked for", kUnpaid,
                [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                  return honest.kmalloc_nolock(size, gfp | page::gfp::account, node);
                }),
      {"pages_free_of_charge", VerdictKind::difference, "on account pays for it", kLarge,
       [](RogueSubject& rogue) {
         rogue.on_kmalloc = [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
           return honest.kmalloc(size, gfp & ~page::gfp::account, node);
         };
       }},
      in_nolock("refused_within_the_limit", VerdictKind::spurious_failure, "while there is memory",
                kPaid,
                [](SlabSubject&, std::size_t, Gfp, int) -> void* {
                  static_cast<void>(Sim::fails(page::site::memcg_limit, true));
                  return nullptr;
                }),
      in_nolock("charged_though_refused", VerdictKind::failure_atomicity, "charged to nobody",
                kRefused,
                [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                  static_cast<void>(honest.kmalloc_nolock(64, gfp, node));
                  return honest.kmalloc_nolock(size, gfp, node);
                }),
      in_nolock("referred_to_though_refused", VerdictKind::failure_atomicity, "keeps no payer",
                "anyctx 1 target=slab memcg=3\ntask0: a = kmalloc_nolock(2048, account)\n"
                " b = kmalloc_nolock(8192, account)\n",
                [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                  // From the stock: no group is charged for it.
                  if (size == 8192) static_cast<void>(honest.kmalloc_nolock(64, gfp, node));
                  return honest.kmalloc_nolock(size, gfp, node);
                }),
      in_nolock("memory_kept_though_refused", VerdictKind::failure_atomicity, "keeps no pages",
                kRefused,
                [](SlabSubject& honest, std::size_t size, Gfp gfp, int node) {
                  static_cast<void>(honest.alloc_pages_nolock(Gfp::none, node, 0));
                  return honest.kmalloc_nolock(size, gfp, node);
                }),
  };
}

std::vector<Crime> crimes_of_books() {
  return {
      in_books("page_charged_and_not_used", VerdictKind::counter, "charged for what its tasks use",
               kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_group = [](GroupView& group) { ++group.charged; };
               }),
      in_books("page_uncharged_twice", VerdictKind::counter, "charged for what its tasks use",
               kFreed,
               [](RogueMemcg& memcg) {
                 memcg.change_group = [](GroupView& group) { --group.charged; };
               }),
      in_books("bytes_lost", VerdictKind::counter, "charged for what its tasks use", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_payer = [](PayerId, PayerView& payer) { payer.stock &= 0xfff8 / 16; };
               }),
      in_books("more_than_it_may_have", VerdictKind::counter, "no more than it may have", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_group = [](GroupView& group) {
                   if (group.charged != 0) group.max = 0;
                 };
               }),
      in_books("reference_lost", VerdictKind::refcount, "referred to by what it pays for", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_payer = [](PayerId id, PayerView& payer) {
                   if (id == 0) --payer.references;
                 };
               }),
      in_books("released_in_use", VerdictKind::use_after_destroy, "after its last reference", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_payer = [](PayerId id, PayerView& payer) {
                   if (id == 0) payer.released = true;
                 };
               }),
      in_books("another_payer_in_between", VerdictKind::difference, "until it is freed", kFreed,
               [](RogueMemcg& memcg) {
                 memcg.payer_of = [looks = 0](const void*, PayerId payer) mutable {
                   return looks++ == 0 ? payer : kNobody;
                 };
               }),
      in_books("free_object_paid_for", VerdictKind::conservation, "while it is in use", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.payer_of = [](const void*, PayerId) { return PayerId{0}; };
               }),
      in_books("vector_beside_itself", VerdictKind::structure, "slabs that have none", kPaid,
               [](RogueMemcg& memcg) {
                 memcg.change_vector = [last = VectorView{}](SlabId, VectorView& view) mutable {
                   if (view.place == VectorView::Place::none) view = last;
                   last = view;
                 };
               }),
      in_books("vector_of_its_own_slab", VerdictKind::conservation, "does not keep itself in use",
               kPaid,
               [](RogueMemcg& memcg) {
                 const auto paid = std::make_shared<const void*>(nullptr);
                 memcg.payer_of = [paid](const void* object, PayerId payer) {
                   if (payer != kNobody) *paid = object;
                   return payer;
                 };
                 memcg.change_vector = [paid](SlabId, VectorView& view) {
                   const bool elsewhere = view.place == VectorView::Place::in_object;
                   if (elsewhere && *paid != nullptr) view.address = *paid;
                 };
               }),
      in_books("one_vector_for_two_slabs", VerdictKind::overlap, "vector is its own",
               kPaid + " b = kmalloc_nolock(512, account)\n",
               [](RogueMemcg& memcg) {
                 memcg.change_vector = [first = VectorView{}](SlabId, VectorView& view) mutable {
                   if (view.place != VectorView::Place::in_object) return;
                   if (first.place == VectorView::Place::none) first = view;
                   view = first;
                 };
               }),
  };
}

std::vector<Crime> crimes_at_the_end() {
  return {
      {"something_left_charged", VerdictKind::conservation, "nothing is charged", kPaid,
       [](RogueSubject& rogue) { rogue.on_end_accounting = [](SlabSubject&) {}; }},
      {"a_payer_left", VerdictKind::conservation, "no payer is left", kUnpaid,
       [](RogueSubject& rogue) { rogue.on_end_accounting = [](SlabSubject&) {}; }},
  };
}

TEST_P(SlabCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Charges, SlabCrimes, ::testing::ValuesIn(crimes_of_allocations()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Books, SlabCrimes, ::testing::ValuesIn(crimes_of_books()), name_of_crime);
INSTANTIATE_TEST_SUITE_P(End, SlabCrimes, ::testing::ValuesIn(crimes_at_the_end()), name_of_crime);

}  // namespace
}  // namespace anyctx::target
