#include "fuzzers/targets/slab_alloc_judge.h"
#include "fuzzers/targets/slab_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuzzers/model/content.h"
#include "inject/sim/sim_machine.h"
#include "lib/page/memcg_sites.h"
#include "lib/slab/sites.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

// Nolock requests are served from per-CPU lists, which hold blocks up to this order.
constexpr unsigned kLargestNolockOrder = 3;

/// Kinds of sites whose failures are evidence by themselves: the machine decides about locks, the
/// code under test about limits.
std::array<bool, machine::kMaxSites> lock_sites() {
  std::array<bool, machine::kMaxSites> locks{};
  for (const auto& table : kSlabSchema.sites) {
    for (const machine::SiteInfo& info : table) {
      using machine::SiteKind;
      locks[info.site.id] = info.kind == SiteKind::lock || info.kind == SiteKind::raw_lock ||
                            info.kind == SiteKind::mutex || info.kind == SiteKind::local_lock;
    }
  }
  return locks;
}

/// Whether a call may have failed because of something that was not in its hands.
bool has_excuse(const inject::Causes& causes) {
  static const std::array<bool, machine::kMaxSites> locks = lock_sites();
  if (causes.count() != causes.kept().size()) return true;
  return std::ranges::any_of(causes.kept(), [](const inject::Cause& cause) {
    return cause.injected || locks[cause.point / machine::kVerbsPerSite];
  });
}

}  // namespace

void AllocJudge::reset(const SlabOptions& options, const SlabStrictness& strictness) {
  options_ = options;
  strictness_ = strictness;
  contract_ = model::KmallocContract(options.min_align, std::size_t{1} << options.page_shift);
}

/// The order of the pages that the call may need.
unsigned AllocJudge::order_of(const AllocCall& call) const {
  if (call.origin == Origin::pages) return call.order;
  if (call.origin == Origin::large) return contract_.order(call.size);
  return kLargestSlabOrder;
}

AllocJudge::Before AllocJudge::look(const AllocCall& call) const {
  Before before;
  before.preemptible = inject::Sim::preemptible();
  before.alone = ledger_.alone();
  if (!before.alone) return before;
  before.free_pages = inspector_.free_pages();
  before.left_pages = left_pages(call);
  const bool bound = !call.nolock && has(call.gfp, page::gfp::thisnode);
  before.room = inspector_.has_room(order_of(call), bound ? call.node : -1);
  if (!takes_cached_only(call)) return before;
  if (call.origin == Origin::cache) {
    before.cached = is_cached(caches_.record(call.cache).handle);
    return before;
  }
  const std::size_t next = contract_.next_bucket(call.size);
  const bool pays = options_.memcg_pages != 0 && has(call.gfp, page::gfp::account);
  const auto bucket = [&](std::size_t size) {
    return pays ? inspector_.accounted_bucket(size) : inspector_.bucket(size);
  };
  before.cached = is_cached(bucket(call.size));
  before.next_cached = next != 0 && is_cached(bucket(next));
  return before;
}

/// Free pages; for who may be refused after he was served, also those of slabs: they stay.
std::int64_t AllocJudge::left_pages(const AllocCall& call) const {
  std::int64_t pages = inspector_.free_pages();
  const bool is_charged = options_.memcg_pages != 0 && has(call.gfp, page::gfp::account);
  const bool may_make_slabs = !call.nolock && !strictness_.failure_makes_no_slab;
  if (!is_charged && !may_make_slabs) return pages;
  for (SlabId id = inspector_.next_slab(0); id != kNoSlab;) {
    const std::uint32_t size = 1u << inspector_.slab(id).order;
    pages += size;
    id = inspector_.next_slab(id + size);
  }
  return pages + inspector_.internal_pages();
}

/// Whether nothing but a sheaf may serve the call.
bool AllocJudge::takes_cached_only(const AllocCall& call) const {
  const bool of_slab = call.origin == Origin::kmalloc_nolock || call.origin == Origin::cache;
  return call.nolock && of_slab && options_.sheaves && !simulation_.config().cas2 &&
         options_.without_cas2 == WithoutCas2::sheaf_only && !is_debug(call);
}

bool AllocJudge::is_debug(const AllocCall& call) const {
  if (call.origin != Origin::cache) return options_.debug.any();
  return inspector_.cache(caches_.record(call.cache).handle).debug;
}

/// Whether this CPU, or its node, has a sheaf with objects for a nolock request.
bool AllocJudge::is_cached(CacheHandle cache) const {
  const CpuSheavesView cpu = inspector_.cpu_sheaves(cache, simulation_.cpu());
  if (inspector_.sheaf(cpu.main).size != 0) return true;
  if (cpu.spare != nullptr && inspector_.sheaf(cpu.spare).size != 0) return true;
  return inspector_.barn(cache, inspector_.node_of_cpu(simulation_.cpu())).full != 0;
}

bool AllocJudge::must_fail(const AllocCall& call) const {
  if (call.origin == Origin::large && call.size > contract_.max_size()) return true;
  if (!call.nolock) return false;
  const inject::MachineConfig& machine = simulation_.config();
  const machine::Context context = simulation_.context();
  if (machine.rt && context >= machine::Context::hardirq) return true;
  if (!machine.smp && context == machine::Context::nmi) return true;
  if (call.origin == Origin::large && !strictness_.nolock_takes_large) return true;
  if (call.origin == Origin::pages || call.origin == Origin::large) {
    return order_of(call) > kLargestNolockOrder;
  }
  if (machine.cas2 || is_debug(call)) return false;
  return options_.without_cas2 == WithoutCas2::fail ||
         (options_.without_cas2 == WithoutCas2::sheaf_only && !options_.sheaves);
}

/// Whether no reason to fail remains: nothing was disturbed, nobody holds a lock, there is memory,
/// and the context is one that every allocator supports. (On RT, code that cannot be preempted may
/// be refused.)
bool AllocJudge::must_succeed(const AllocCall& call, const Before& before) const {
  if (takes_cached_only(call) && (!before.cached || call.node >= 0)) return false;
  if (simulation_.config().rt && !before.preemptible) return false;
  return before.alone && before.room && !simulation_.disturbed() && !damage_.outstanding() &&
         !has_excuse(simulation_.causes());
}

void AllocJudge::spurious(const char* rule, std::string found) const {
  simulation_.stop(VerdictKind::spurious_failure, rule, "success", std::move(found));
}

void AllocJudge::judge_null(const AllocCall& call, const Before& before) const {
  if (call.sheaf != nullptr) return judge_empty(call);
  if (simulation_.causes().count() == 0) {
    spurious("an allocation that fails has a cause", "null without a cause");
  }
  if (!must_fail(call) && must_succeed(call, before)) {
    spurious("an undisturbed allocation succeeds while there is memory",
             fmt::format("null with {} pages free", before.free_pages));
  }
  check_attempts(call);
  check_pages_kept(call, before);
}

/// A sheaf that was filled in advance always serves, if no failure is injected.
void AllocJudge::judge_empty(const AllocCall& call) const {
  const std::uint32_t left = inspector_.sheaf(call.sheaf).size;
  if (left == 0 || has_excuse(simulation_.causes())) return;
  spurious("a sheaf that has objects serves", fmt::format("null with {} objects left", left));
}

/// What fails in its own bucket is tried in the next one; each attempt has a cause.
void AllocJudge::check_attempts(const AllocCall& call) const {
  const inject::Causes& causes = simulation_.causes();
  if (call.origin != Origin::kmalloc_nolock || must_fail(call) || causes.count() != 1) return;
  if (contract_.next_bucket(call.size) == 0) return;
  const machine::Site at{
      static_cast<std::uint8_t>(causes.kept()[0].point / machine::kVerbsPerSite)};
  using namespace slab;
  if (at == site::context || at == site::size || at == site::no_cas2) return;  // no attempt at all
  if (at == page::site::memcg_limit) return;  // another bucket would not be cheaper
  spurious("a nolock allocation that fails has tried two buckets", "null after one attempt");
}

bool AllocJudge::has_place(const void* object) const {
  const bool may_try =
      !simulation_.config().rt || simulation_.context() < machine::Context::hardirq;
  if (!options_.sheaves || !may_try || !ledger_.alone()) return false;
  const SlabView slab = inspector_.slab(inspector_.slab_of_page(inspector_.page_of(object)));
  const unsigned cpu = simulation_.cpu();
  if (inspector_.sheaf_capacity(slab.cache) == 0) return false;
  if (slab.node != inspector_.node_of_cpu(cpu)) return false;
  const CpuSheavesView sheaves = inspector_.cpu_sheaves(slab.cache, cpu);
  const SheafView main = inspector_.sheaf(sheaves.main);
  if (main.size < main.capacity) return true;
  if (sheaves.spare != nullptr) return inspector_.sheaf(sheaves.spare).size == 0;
  return inspector_.barn(slab.cache, slab.node).empty != 0;
}

void AllocJudge::judge_deferred() const {
  if (simulation_.disturbed() || damage_.outstanding() || has_excuse(simulation_.causes())) return;
  spurious("an undisturbed free goes to a sheaf that has room", "deferred");
}

void AllocJudge::judge_no_cache(const AllocCall& structure, const Before& before) const {
  if (simulation_.causes().count() == 0) {
    spurious("a cache that cannot be created has a cause", "null without a cause");
  }
  if (must_succeed(structure, before)) {
    spurious("a possible cache is created while there is memory",
             fmt::format("null with {} pages free", before.free_pages));
  }
}

/// A failed call keeps no pages. One that may spin may collect cached ones on the way.
void AllocJudge::check_pages_kept(const AllocCall& call, const Before& before) const {
  if (!before.alone || simulation_.disturbed()) return;
  const std::int64_t after = left_pages(call);
  if (after == before.left_pages || (after > before.left_pages && !call.nolock)) return;
  simulation_.stop(VerdictKind::failure_atomicity, "a failed allocation keeps no pages",
                   fmt::format("{} pages free", before.left_pages), fmt::format("{}", after));
}

std::uint32_t AllocJudge::judge_memory(const AllocCall& call, const Before& before,
                                       const void* memory) {
  const bool whole_pages = call.origin == Origin::large || call.origin == Origin::pages;
  const bool sleeps = call.nolock && !whole_pages && simulation_.config().rt && !options_.sheaves;
  if (sleeps && !before.preemptible) {
    simulation_.stop(VerdictKind::sleep_in_atomic,
                     "on RT, where a slab's locks sleep, code that cannot be preempted is refused",
                     "null", "memory");
  }
  if (must_fail(call)) {
    simulation_.stop(VerdictKind::error_code, "what cannot be served is refused", "null", "memory");
  }
  if (!ledger_.is_memory(memory)) {
    simulation_.stop(VerdictKind::overlap, "memory is handed out to one user at a time",
                     "memory of the allocator", "an address outside of it");
  }
  if (memory == damage_.planted_object()) damage_.judge_unreported();
  const std::uint32_t usable =
      whole_pages ? judge_pages(call, memory) : judge_object(call, before, memory);
  check_node(call, memory);
  // Whoever asks for zeroes may rely on them for as much as he asked for.
  if (has(call.gfp, page::gfp::zero)) check_zero(memory, whole_pages ? usable : call.size);
  return usable;
}

std::uint32_t AllocJudge::judge_pages(const AllocCall& call, const void* memory) const {
  const std::uint32_t page = inspector_.page_of(memory);
  if (inspector_.slab_of_page(page) != kNoSlab) {
    simulation_.stop(VerdictKind::overlap, "memory is handed out to one user at a time",
                     "pages that are free", fmt::format("page {}, part of a slab", page));
  }
  const unsigned order = order_of(call);
  check_alignment(memory, inspector_.page_bytes());
  if (page % (1u << order) != 0) {
    simulation_.stop(VerdictKind::placement, "a block of pages is aligned to its size",
                     fmt::format("a multiple of {} pages", 1u << order),
                     fmt::format("page {}", page));
  }
  return inspector_.page_bytes() << order;
}

std::uint32_t AllocJudge::judge_object(const AllocCall& call, const Before& before,
                                       const void* memory) {
  const SlabId id = inspector_.slab_of_page(inspector_.page_of(memory));
  if (id == kNoSlab) {
    simulation_.stop(VerdictKind::overlap, "an object lies in a slab", "a slab",
                     fmt::format("page {}, part of none", inspector_.page_of(memory)));
  }
  const SlabView slab = inspector_.slab(id);
  const CacheView cache = inspector_.cache(slab.cache);
  check_source(call, cache, slab.cache);
  check_cached(call, before);
  check_slot(slab, memory);
  if (call.origin == Origin::cache) {
    check_alignment(memory, std::max(caches_.record(call.cache).align, 8u));
  } else {
    check_size(call, before, cache.object_size);
    check_alignment(memory, contract_.alignment(cache.object_size));
  }
  if (slab.inuse > slab.objects) {
    simulation_.stop(VerdictKind::counter, "at most all objects of a slab are in use",
                     fmt::format("at most {}", slab.objects), fmt::format("{}", slab.inuse));
  }
  return cache.object_size;
}

void AllocJudge::check_cached(const AllocCall& call, const Before& before) const {
  if (!takes_cached_only(call) || !before.alone || simulation_.disturbed() || before.cached) return;
  if (before.next_cached) return;
  simulation_.stop(VerdictKind::error_code,
                   "without a double-word swap what no sheaf has is refused", "null", "memory");
}

void AllocJudge::check_source(const AllocCall& call, const CacheView& cache,
                              CacheHandle handle) const {
  if (call.origin == Origin::cache) {
    const CacheRecord& record = caches_.record(call.cache);
    if (record.handle == handle && cache.object_size == record.size) return;
    simulation_.stop(VerdictKind::placement, "an object of a cache comes from a slab of the cache",
                     fmt::format("objects of {} bytes", record.size),
                     fmt::format("{}, objects of {} bytes", cache.name, cache.object_size));
  }
  if (cache.reclaimable == has(call.gfp, page::gfp::reclaimable)) return;
  simulation_.stop(VerdictKind::placement, "reclaimable objects have slabs of their own",
                   cache.reclaimable ? "a cache that is not for them" : "a cache for them",
                   std::string(cache.name));
}

void AllocJudge::check_size(const AllocCall& call, const Before& before, std::size_t found) const {
  const std::size_t own = contract_.bucket(call.size);
  if (found == own) return;
  const std::size_t next = call.nolock ? contract_.next_bucket(call.size) : 0;
  if (found != next || next == 0) {
    std::string expected =
        next == 0 ? fmt::format("{} bytes", own) : fmt::format("{} or {} bytes", own, next);
    simulation_.stop(VerdictKind::difference,
                     "an object comes from the bucket of its size, or the next one if it may fail",
                     std::move(expected), fmt::format("{} bytes", found));
  }
  if (must_succeed(call, before)) {
    spurious("an undisturbed allocation succeeds in the bucket of its size",
             fmt::format("an object of {} bytes", found));
  }
}

void AllocJudge::check_slot(const SlabView& slab, const void* memory) const {
  if (slab.index_of(memory) != slab.objects) return;
  std::string found = ledger_.place(memory);
  simulation_.stop(VerdictKind::placement, "an object starts where a slot of its slab starts",
                   fmt::format("a multiple of {} bytes", slab.slot_size), std::move(found));
}

void AllocJudge::check_alignment(const void* memory, std::size_t alignment) const {
  if (reinterpret_cast<std::uintptr_t>(memory) % alignment == 0) return;
  std::string found = ledger_.place(memory);
  simulation_.stop(VerdictKind::placement, "memory is aligned as promised",
                   fmt::format("{} bytes", alignment), std::move(found));
}

void AllocJudge::check_zero(const void* memory, std::size_t bytes) const {
  const auto other = model::find_nonzero(memory, bytes);
  if (!other) return;
  const auto* const byte = static_cast<const std::byte*>(memory) + *other;
  simulation_.stop(VerdictKind::zero, "memory that was asked for zeroed is zero",
                   fmt::format("{} zero bytes", bytes),
                   fmt::format("byte {} is {:#04x}", *other, std::to_integer<unsigned>(*byte)));
}

void AllocJudge::check_node(const AllocCall& call, const void* memory) const {
  if (call.nolock || call.node < 0 || !has(call.gfp, page::gfp::thisnode)) return;
  const std::uint32_t node = inspector_.node_of_page(inspector_.page_of(memory));
  if (node == static_cast<std::uint32_t>(call.node)) return;
  simulation_.stop(VerdictKind::placement, "a request that is bound to a node is served from it",
                   fmt::format("node {}", call.node), fmt::format("node {}", node));
}

}  // namespace anyctx::target
