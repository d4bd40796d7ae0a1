// Arena, native: one page allocated and freed at once, as the arena fills. Baseline: an arena that
// is empty. What grows is the range tree: with the logarithm of the number of its runs.
//
//   filled/P       P percent of the slots are taken, in one piece
//   fragmented/N   half of the slots are taken: there are N runs of free ones
//   nolock/P       as filled, by the variants for every context; the worker's part included
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "lib/bpf/arena.h"
#include "lib/machine/native.h"

namespace {

using anyctx::machine::Native;
namespace bpf = anyctx::bpf;
namespace page = anyctx::page;
namespace slab = anyctx::slab;
namespace sync = anyctx::sync;

using Arena = bpf::Arena<Native>;

constexpr std::uint32_t kSlots = 1u << 15;  // 128 MiB
constexpr std::uint64_t kBase = 0x7f7d'0000'0000;

/// An arena, and what it lives on.
class Stage {
 public:
  Stage()
      : pages_(kPages),
        slabs_(kPages),
        words_(slab::deferred_words(kPages, 12)),
        areas_(1),
        leaves_(page::leaf_groups_per_area(12)) {
    memory_ = ::mmap(nullptr, kPages << 12, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory_ == MAP_FAILED) std::abort();
    page::Config config;
    config.base = static_cast<std::byte*>(memory_);
    config.page_count = kPages;
    allocator_.init(config, pages_);
    grace_.init();
    slab_.init(allocator_, grace_, {}, slabs_, words_);
    kernel_->init(12, areas_, leaves_);
    bpf::ArenaAttr attr;
    attr.max_entries = kSlots;
    attr.map_extra = kBase;
    if (Arena::create({&allocator_, &slab_, kernel_.get(), &payer_, lock_cpus_.get()}, attr,
                      arena) != 0) {
      std::abort();
    }
  }
  ~Stage() {
    Arena::destroy(arena);
    ::munmap(memory_, kPages << 12);
  }

  Arena* arena = nullptr;

 private:
  static constexpr std::size_t kPages = kSlots + (kSlots >> 2);

  void* memory_ = nullptr;
  std::vector<page::Page<Native>> pages_;
  std::vector<slab::Slab<Native>> slabs_;
  std::vector<slab::DeferredWord<Native>> words_;
  std::vector<page::KernelArea<Native>> areas_;
  std::vector<page::LeafGroup<Native>> leaves_;
  page::PageAllocator<Native> allocator_;
  anyctx::defer::Grace<Native> grace_;
  slab::SlabAllocator<Native> slab_;
  page::MemCgroup<Native> payer_;
  std::unique_ptr<page::KernelSpace<Native>> kernel_ =
      std::make_unique<page::KernelSpace<Native>>();
  std::unique_ptr<sync::RqCpus<Native>> lock_cpus_ = std::make_unique<sync::RqCpus<Native>>();
};

void measure(benchmark::State& state, Arena& arena, bpf::Sleeps sleeps) {
  for (auto _ : state) {
    const std::uint64_t address = arena.alloc_pages(0, 1, page::kNoNode, 0, sleeps);
    if (address == 0) return state.SkipWithError("no page");
    arena.free_pages(address, 1, sleeps);
    if (sleeps == bpf::Sleeps::never) arena.flush_deferred();
  }
  state.SetItemsProcessed(state.iterations());
}

void fill(Arena& arena, std::uint32_t percent) {
  const std::uint32_t count = static_cast<std::uint32_t>(std::uint64_t{kSlots} * percent / 100);
  if (count != 0) arena.alloc_pages(kBase, count, page::kNoNode, 0, bpf::Sleeps::may);
}

void BM_filled(benchmark::State& state) {
  const Stage stage;
  fill(*stage.arena, static_cast<std::uint32_t>(state.range(0)));
  measure(state, *stage.arena, bpf::Sleeps::may);
}
void BM_nolock(benchmark::State& state) {
  const Stage stage;
  fill(*stage.arena, static_cast<std::uint32_t>(state.range(0)));
  measure(state, *stage.arena, bpf::Sleeps::never);
}
void BM_fragmented(benchmark::State& state) {
  const Stage stage;
  const auto runs = static_cast<std::uint32_t>(state.range(0));
  const std::uint32_t length = kSlots / 2 / runs;
  fill(*stage.arena, 100);
  for (std::uint32_t run = 0; run < runs; ++run) {
    const std::uint64_t first = std::uint64_t{run} * 2 * length;
    stage.arena->free_pages(kBase + (first << 12), length, bpf::Sleeps::may);
  }
  measure(state, *stage.arena, bpf::Sleeps::may);
}

BENCHMARK(BM_filled)->Arg(0)->Arg(10)->Arg(50)->Arg(90);
BENCHMARK(BM_fragmented)->RangeMultiplier(4)->Range(1, kSlots / 2);
BENCHMARK(BM_nolock)->Arg(0)->Arg(10)->Arg(50)->Arg(90);

}  // namespace

BENCHMARK_MAIN();
