#include "fuzzers/targets/slab_memcg_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace anyctx::target {

using inject::VerdictKind;

namespace {

// An object costs its slot and the word that says who pays.
constexpr std::uint64_t kWordPerObject = 8;

bool is_whole_pages(Origin origin) {
  return origin == Origin::pages || origin == Origin::large;
}

std::string name(PayerId payer) {
  return payer == kNobody ? "nobody" : fmt::format("payer {}", payer);
}

std::string name_of_group(std::uint32_t index, const GroupView& group) {
  return group.is_above ? std::string("the group above") : fmt::format("group {}", index);
}

}  // namespace

void MemcgJudge::stop(VerdictKind kind, const char* rule, std::string expected,
                      std::string found) const {
  simulation_.stop(kind, rule, std::move(expected), std::move(found));
}

/// What has to be charged if nothing is in stock.
std::uint64_t MemcgJudge::pages_for(const AllocCall& call) const {
  const std::uint64_t page = inspector_.page_bytes();
  if (call.origin == Origin::pages) return std::uint64_t{1} << call.order;
  if (call.origin == Origin::large) return std::bit_ceil((call.size + page - 1) / page);
  // (What is larger than that is refused in any case.)
  const std::size_t size = std::min(call.size, model::KmallocContract::kMaxCached);
  const CacheHandle cache =
      call.origin == Origin::cache ? caches_.record(call.cache).handle : inspector_.bucket(size);
  return (inspector_.cache(cache).slot_size + kWordPerObject + page - 1) / page;
}

bool MemcgJudge::has_room(const AllocCall& call, PayerId payer) const {
  const std::uint64_t pages = pages_for(call);
  const std::uint32_t own = memcg_->payer(payer).group;
  for (std::uint32_t i = 0; i < memcg_->groups(); ++i) {
    const GroupView group = memcg_->group(i);
    if ((i == own || group.is_above) && group.charged + pages > group.max) return false;
  }
  return true;
}

MemcgJudge::Before MemcgJudge::look(const AllocCall& call) const {
  Before before;
  if (!is_on() || call.origin == Origin::nothing) return before;
  if (has(call.gfp, page::gfp::account)) before.payer = memcg_->current();
  before.alone = ledger_.alone();
  if (!before.alone) return before;
  if (before.payer != kNobody) before.room = has_room(call, before.payer);
  before.begun = ledger_.begun();
  for (std::uint32_t i = 0; i < memcg_->groups(); ++i) before.charged[i] = memcg_->group(i).charged;
  for (PayerId i = 0; i < memcg_->payers(); ++i) before.payers[i] = memcg_->payer(i);
  return before;
}

/// A failed allocation has changed no counter. (Whoever may spin may have released payers.)
void MemcgJudge::judge_null(const Before& before) const {
  if (!before.alone || simulation_.disturbed()) return;
  for (std::uint32_t i = 0; i < memcg_->groups(); ++i) {
    const GroupView group = memcg_->group(i);
    if (group.charged == before.charged[i]) continue;
    stop(VerdictKind::failure_atomicity, "a failed allocation is charged to nobody",
         fmt::format("{} pages of {}", before.charged[i], name_of_group(i, group)),
         fmt::format("{}", group.charged));
  }
  for (PayerId i = 0; i < memcg_->payers(); ++i) {
    const PayerView payer = memcg_->payer(i);
    const PayerView& was = before.payers[i];
    if (payer.references != was.references) {
      stop(VerdictKind::failure_atomicity, "a failed allocation keeps no payer",
           fmt::format("{} references of payer {}", was.references, i),
           fmt::format("{}", payer.references));
    }
    if (payer.bytes + payer.stock != was.bytes + was.stock) {
      stop(VerdictKind::failure_atomicity, "a failed allocation is charged to nobody",
           fmt::format("{} unused bytes of payer {}", was.bytes + was.stock, i),
           fmt::format("{}", payer.bytes + payer.stock));
    }
  }
}

PayerId MemcgJudge::judge_memory(const AllocCall& call, const Before& before,
                                 const void* memory) const {
  if (!is_on() || call.origin == Origin::nothing) return kNobody;
  const bool whole_pages = is_whole_pages(call.origin);
  const PayerId payer =
      whole_pages ? memcg_->payer_of_pages(memory) : memcg_->payer_of_object(memory);
  if (payer == before.payer) return payer;
  if (payer != kNobody) {
    stop(VerdictKind::difference, "memory is paid for by whoever is current, if asked for",
         name(before.payer), name(payer));
  }
  // It is only for the want of a vector that an object is free of charge.
  const bool has_excuse = !whole_pages && simulation_.causes().count() != 0;
  if (!has_excuse) {
    stop(VerdictKind::difference, "who asks for memory on account pays for it", name(before.payer),
         "nobody");
  }
  return payer;
}

PayerId MemcgJudge::payer_of(const SlabObject& object) const {
  return is_whole_pages(object.origin) ? memcg_->payer_of_pages(object.address)
                                       : memcg_->payer_of_object(object.address);
}

void MemcgJudge::check_paid(const SlabObject& object) const {
  if (!is_on() || object.origin == Origin::nothing) return;
  const PayerId payer = payer_of(object);
  if (payer == object.payer) return;
  std::string expected =
      fmt::format("{} pays for {}", name(object.payer), ledger_.describe(object));
  stop(VerdictKind::difference, "who pays for memory does so until it is freed",
       std::move(expected), name(payer));
}

std::uint64_t MemcgJudge::cost_of(const SlabObject& object) const {
  if (is_whole_pages(object.origin)) return object.usable;
  const SlabId slab = inspector_.slab_of_page(inspector_.page_of(object.address));
  return inspector_.slab(slab).slot_size + kWordPerObject;
}

void MemcgJudge::recount() const {
  if (!is_on() || !ledger_.alone()) return;
  const Books books = count();
  for (std::uint32_t i = 0; i < memcg_->groups(); ++i) check_group(i, books.bytes[i]);
  for (PayerId i = 0; i < memcg_->payers(); ++i) check_payer(i, books.references[i]);
}

MemcgJudge::Books MemcgJudge::count() const {
  const std::uint64_t page = inspector_.page_bytes();
  Books books;
  const auto add = [&](std::uint32_t group, std::uint64_t bytes) {
    books.bytes[group] += bytes;
    books.bytes[kPayingGroups] += bytes;
  };
  for (std::uint32_t i = 0; i < kPayingGroups; ++i) add(i, memcg_->group(i).stock * page);
  for (PayerId i = 0; i < memcg_->payers(); ++i) {
    const PayerView payer = memcg_->payer(i);
    add(payer.group, payer.bytes + payer.stock);
    books.references[i] = payer.stock_refs + (payer.online ? 1 : 0);
  }
  ledger_.slots().for_each([&](const SlabObject& object) {
    if (object.origin == Origin::nothing || object.payer == kNobody) return;
    const std::uint64_t cost = cost_of(object);
    add(memcg_->payer(object.payer).group, cost);
    books.references[object.payer] += is_whole_pages(object.origin) ? cost / page : 1;
  });
  return books;
}

void MemcgJudge::check_group(std::uint32_t index, std::uint64_t bytes) const {
  const GroupView group = memcg_->group(index);
  const std::uint64_t charged = group.charged * inspector_.page_bytes();
  if (charged != bytes) {
    stop(VerdictKind::counter, "a group is charged for what its tasks use and have in stock",
         fmt::format("{} bytes of {}", bytes, name_of_group(index, group)),
         fmt::format("{}", static_cast<std::int64_t>(charged)));
  }
  if (group.charged > group.max) {
    stop(VerdictKind::counter, "a group has no more than it may have",
         fmt::format("at most {} pages of {}", group.max, name_of_group(index, group)),
         fmt::format("{}", group.charged));
  }
}

void MemcgJudge::check_payer(PayerId id, std::uint64_t references) const {
  const PayerView payer = memcg_->payer(id);
  if (payer.references != references) {
    stop(VerdictKind::refcount, "a payer is referred to by what it pays for, and by stocks",
         fmt::format("{} references of payer {}", references, id),
         fmt::format("{}", payer.references));
  }
  if (payer.released && payer.references != 0) {
    stop(VerdictKind::use_after_destroy, "a payer is released after its last reference",
         fmt::format("payer {} kept", id), "released");
  }
}

void MemcgJudge::check_nothing_left() const {
  if (!is_on()) return;
  for (std::uint32_t i = 0; i < memcg_->groups(); ++i) {
    const GroupView group = memcg_->group(i);
    if (group.charged == 0) continue;
    stop(VerdictKind::conservation, "in the end nothing is charged to anybody",
         fmt::format("0 pages of {}", name_of_group(i, group)), fmt::format("{}", group.charged));
  }
  for (PayerId i = 0; i < memcg_->payers(); ++i) {
    const PayerView payer = memcg_->payer(i);
    if (payer.released) continue;
    stop(VerdictKind::conservation, "in the end no payer is left",
         fmt::format("payer {} released", i), fmt::format("{} references", payer.references));
  }
}

}  // namespace anyctx::target
