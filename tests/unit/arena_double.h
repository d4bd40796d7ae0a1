// ArenaDouble: a plain arena that does what the contract says, one step after the other, with the
// standard containers. Tests of the target's oracles override single steps.
//
// Calls are single steps, but that others may come in between the steps of a free. Deferred frees
// are done by the next call that may sleep, or by drain().
#pragma once

#include <gmock/gmock.h>

#include <bitset>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fuzzers/engine/runner.h"
#include "fuzzers/model/arena_space.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/arena_subject.h"
#include "fuzzers/targets/arena_world.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/sites.h"
#include "lib/defer/sites.h"
#include "lib/page/sites.h"

namespace anyctx::target {

class ArenaDouble : public ArenaSubject, protected ArenaInspector {
 public:
  explicit ArenaDouble(inject::Simulation& simulation) : simulation_(simulation) {}

  void reset(const ArenaOptions& options, PageFreedListener* listener) override {
    options_ = options;
    listener_ = listener;
    frames_.assign(simulation_.memory().bytes() >> options.page_shift, {});
    arenas_ = {};
    processes_ = {};
    objects_ = 0;
  }
  const ArenaInspector& inspector() const override { return *this; }
  ArenaStrictness strictness() const override { return {}; }

  int map_create(unsigned index, const model::ArenaAttributes& attributes) override {
    if (const int error = model::create_error(attributes, options_.page_shift)) return error;
    Arena arena;
    arena.geometry = {options_.page_shift, static_cast<std::uint32_t>(attributes.max_entries),
                      attributes.map_extra, attributes.map_extra};
    if (attributes.map_extra != 0) {
      arena.geometry.user_end += attributes.max_entries << options_.page_shift;
    }
    arena.segv = (attributes.map_flags & model::map_flag::segv_on_fault) != 0;
    if (fails(bpf::site::range_new)) return on_create_failure();
    arena.runs = {{0, static_cast<std::uint32_t>(attributes.max_entries)}};
    arena.space.reset(arena.geometry.max_entries);
    arena.scratch = take_frame();
    arena.exists = true;
    arenas_[index] = arena;
    ++objects_;
    return 0;
  }
  void map_destroy(unsigned index) override {
    drain(index);
    Arena& arena = arenas_[index];
    cleared_.clear();
    for (const auto& [page, leaf] : arena.leaves) {
      if (!leaf.scratch) cleared_.push_back(leaf.page);
    }
    cleared_.push_back(arena.scratch);
    arena.leaves.clear();
    for (auto& known : arena.tlb) known.clear();
    for (const ArenaPage frame : cleared_) put(frame);
    arena = {};
    --objects_;
  }
  int map_op(unsigned, model::MapOp op) override { return model::map_op_error(op); }
  int direct_value_address(unsigned index, std::uint32_t offset, std::uint64_t& address) override {
    const model::ArenaGeometry& geometry = arenas_[index].geometry;
    if (offset >= geometry.user_end - geometry.user_start) return -ERANGE;
    address = geometry.user_start;
    return 0;
  }
  std::uint64_t mem_usage(unsigned index) override { return counter(index) << options_.page_shift; }

  std::uint64_t alloc_pages(unsigned index, std::uint64_t address, std::uint32_t count, int node,
                            std::uint64_t flags, bool sleepable) override {
    Arena& arena = arenas_[index];
    const model::ArenaAsk ask = arena.geometry.ask(address, count);
    if (!ask.legal || node > 0 || flags != 0) return 0;
    // The only points of the call: whoever comes in here comes before everything else.
    if (fails(bpf::site::range_split)) return on_split_failure(arena, ask);
    std::uint32_t mapped = 0;
    while (mapped < count && !fails(page::site::watermark)) ++mapped;
    std::int64_t first = ask.range.first;
    if (ask.fixed && !is_free(arena, ask.range)) return 0;
    if (!ask.fixed) first = find(arena, count);
    if (first < 0) return 0;
    const model::SlotRange range{static_cast<std::uint32_t>(first), count};
    take(arena, range);
    for (std::uint32_t i = 0; i < mapped; ++i) install(arena, range.first + i);
    if (mapped == count) return arena.geometry.address(range.first);
    unwind(index, range, mapped, sleepable);
    return 0;
  }
  void free_pages(unsigned index, std::uint64_t pointer, std::uint32_t count,
                  bool sleepable) override {
    const model::SlotRange range = arenas_[index].geometry.freed(pointer, count);
    if (range.empty()) return;
    if (!sleepable) return arenas_[index].spans.push_back(range);
    work_once(index);
    free_now(index, range);
  }
  int reserve_pages(unsigned index, std::uint64_t pointer, std::uint32_t count) override {
    Arena& arena = arenas_[index];
    if (count == 0 || pointer % arena.geometry.page_bytes() != 0) return 0;
    if (!arena.geometry.is_inside(pointer, count)) return -EINVAL;
    const model::SlotRange range{arena.geometry.slot(pointer), count};
    if (!is_free(arena, range)) return -EBUSY;
    take(arena, range);
    return 0;
  }

  std::byte* program_access(unsigned index, std::int64_t offset, bool) override {
    const std::int64_t page = offset >> options_.page_shift;
    auto& known = arenas_[index].tlb[simulation_.cpu()];
    if (const auto found = known.find(page); found != known.end()) {
      return this->address(found->second.page);
    }
    const auto leaf = arenas_[index].leaves.find(page);
    if (leaf == arenas_[index].leaves.end()) return nullptr;
    known[page] = leaf->second;
    return this->address(leaf->second.page);
  }
  std::byte* kernel_access(unsigned index, std::int64_t offset) override {
    const std::int64_t page = offset >> options_.page_shift;
    Arena& arena = arenas_[index];
    if (!arena.geometry.has_tables(offset)) return nullptr;
    if (!arena.leaves.contains(page)) arena.leaves[page] = {page, arena.scratch, true};
    return program_access(index, offset, true);
  }

  std::int64_t mmap(unsigned index, unsigned process, const model::MmapAsk& ask) override {
    Arena& arena = arenas_[index];
    const int error = model::mmap_error(arena.geometry, ask, processes_[process].mapped);
    if (error != 0) return error;
    if (!arena.geometry.is_placed()) {
      arena.geometry.user_start = ask.address != 0 ? ask.address : std::uint64_t{1} << 40;
      arena.geometry.user_end = arena.geometry.user_start + ask.length;
    }
    processes_[process].mapped = true;
    ++objects_;
    return static_cast<std::int64_t>(arena.geometry.user_start);
  }
  int munmap(unsigned process, std::uint64_t, std::uint64_t) override {
    if (processes_[process].mapped) --objects_;
    processes_[process].mapped = false;
    auto& ptes = processes_[process].ptes;
    while (!ptes.empty()) {
      const ArenaPage page = ptes.begin()->second;
      ptes.erase(ptes.begin());
      put(page);
    }
    return 0;
  }
  void fork(unsigned, unsigned) override {}
  void exit(unsigned process) override { munmap(process, 0, 0); }
  TouchResult touch(unsigned process, std::uint64_t address, bool) override {
    Arena& arena = arenas_[0];
    const bool no_memory = fails(page::site::watermark);
    Process& own = processes_[process];
    const model::ArenaGeometry& geometry = arena.geometry;
    if (!own.mapped || address < geometry.user_start || address >= geometry.user_end) return {};
    const std::uint32_t slot = geometry.slot(address);
    work_once(0);
    while (arena.going[slot] != 0) inject::Sim::relax(defer::site::work_wait);
    if (!own.mapped) return {};
    if (const auto pte = own.ptes.find(address); pte != own.ptes.end()) {
      return {TouchResult::Kind::done, this->address(pte->second)};
    }
    auto leaf = arena.leaves.find(geometry.kernel_page(slot));
    if (leaf != arena.leaves.end() && leaf->second.scratch) return {};
    if (leaf == arena.leaves.end()) {
      if (arena.segv) return {};
      if (no_memory) {
        on_touch_failure(arena, slot);
        return {};
      }
      take(arena, {slot, 1});
      install(arena, slot);
      leaf = arena.leaves.find(geometry.kernel_page(slot));
    }
    return install_pte(own, address, leaf->second.page);
  }
  void drain(unsigned index) override {
    while (!arenas_[index].spans.empty()) work_once(index);
  }
  void trim() override {}

 protected:
  static constexpr std::uint32_t kNoSlot = ~0u;
  static constexpr std::uint32_t kMostEntries = 128;

  struct Arena {
    bool exists = false;
    bool segv = false;
    model::ArenaGeometry geometry;
    std::vector<model::SlotRange> runs;
    model::ArenaSpace space;  // the same, with the order in which runs changed
    std::map<std::int64_t, model::LeafView> leaves;
    std::vector<model::SlotRange> spans;
    std::map<std::int64_t, model::LeafView> tlb[inject::kMaxCpus];
    ArenaPage scratch = kNoArenaPage;
    unsigned frees = 0;                          // in progress
    std::array<unsigned, kMostEntries> going{};  // frees in progress, by slot
  };
  struct Process {
    bool mapped = false;
    std::map<std::uint64_t, ArenaPage> ptes;
  };

  // The steps.

  static bool fails(machine::Site site) { return inject::Sim::fails(site, false); }
  virtual int on_create_failure() { return -ENOMEM; }
  virtual std::uint64_t on_split_failure(Arena&, const model::ArenaAsk&) { return 0; }
  virtual void on_touch_failure(Arena&, std::uint32_t) {}

  /// Only the first `mapped` slots of the range got a page.
  virtual void unwind(unsigned index, model::SlotRange range, std::uint32_t mapped,
                      bool sleepable) {
    give(arenas_[index], {range.first + mapped, range.count - mapped});
    if (mapped == 0) return;
    if (!sleepable) return arenas_[index].spans.push_back({range.first, mapped});
    free_now(index, {range.first, mapped});
  }

  virtual void free_now(unsigned index, model::SlotRange range) {
    Arena& arena = arenas_[index];
    ++arena.frees;
    clear(arena, range);
    std::array<ArenaPage, kMostEntries> frames;
    const std::size_t count = std::min(cleared_.size(), frames.size());
    std::copy_n(cleared_.begin(), count, frames.begin());
    std::bitset<kMostEntries> going;  // what is free already may find a new owner meanwhile
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      going[slot] = !is_free(arena, {slot, 1});
      arena.going[slot] += going[slot];
    }
    step();
    flush(index, range);
    step();
    zap(index, range);
    step();
    for (std::size_t i = 0; i < count; ++i) put(frames[i]);
    step();
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      if (going[slot] && --arena.going[slot] == 0) give(arena, {slot, 1});
    }
    --arena.frees;
  }
  /// The worker's part of a deferred free.
  virtual void free_later(unsigned index, model::SlotRange range) { free_now(index, range); }
  /// Somebody else may come in here.
  static void step() { inject::Sim::probe(defer::site::work_wait); }
  void work_once(unsigned index) {
    auto& spans = arenas_[index].spans;
    if (spans.empty()) return;
    const model::SlotRange span = spans.back();
    spans.pop_back();
    free_later(index, span);
  }
  virtual void clear(Arena& arena, model::SlotRange range) {
    cleared_.clear();
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      const auto leaf = arena.leaves.find(arena.geometry.kernel_page(slot));
      if (leaf == arena.leaves.end()) continue;
      if (!leaf->second.scratch) cleared_.push_back(leaf->second.page);
      arena.leaves.erase(leaf);
    }
  }
  virtual void flush(unsigned index, model::SlotRange range) {
    for (auto& known : arenas_[index].tlb) {
      for (std::uint64_t slot = range.first; slot < range.end(); ++slot) {
        known.erase(arenas_[index].geometry.kernel_page(static_cast<std::uint32_t>(slot)));
      }
    }
  }
  virtual void zap(unsigned index, model::SlotRange range) {
    for (Process& process : processes_) {
      for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
        const auto pte = process.ptes.find(arenas_[index].geometry.address(slot));
        if (pte == process.ptes.end()) continue;
        const ArenaPage page = pte->second;
        process.ptes.erase(pte);
        put(page);
      }
    }
  }
  virtual void put(ArenaPage page) {
    if (--frames_[page].references != 0) return;
    inject::Sim::mark_free(address(page), std::size_t{1} << options_.page_shift);
    if (listener_ != nullptr) listener_->page_freed(page);
  }
  virtual TouchResult install_pte(Process& process, std::uint64_t address, ArenaPage page) {
    process.ptes[address] = page;
    ++frames_[page].references;
    return {TouchResult::Kind::done, this->address(page)};
  }
  virtual void install(Arena& arena, std::uint32_t slot) {
    const std::int64_t page = arena.geometry.kernel_page(slot);
    for (auto& known : arena.tlb) known.erase(page);
    arena.leaves[page] = {page, take_frame(), false};
  }
  virtual ArenaPage take_frame() {
    for (ArenaPage page = 0; page < frames_.size(); ++page) {
      if (frames_[page].references != 0) continue;
      frames_[page].references = 1;
      inject::Sim::mark_used(address(page), std::size_t{1} << options_.page_shift);
      zero(page);
      return page;
    }
    ADD_FAILURE() << "out of memory";
    return 0;
  }
  virtual void zero(ArenaPage page) {
    std::fill_n(address(page), std::size_t{1} << options_.page_shift, std::byte{0});
  }
  virtual void take(Arena& arena, model::SlotRange range) {
    std::set<std::uint32_t> slots = slots_of(arena);
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) slots.erase(slot);
    arena.space.take(range);
    set_runs(arena, slots);
  }
  virtual void give(Arena& arena, model::SlotRange range) {
    std::set<std::uint32_t> slots = slots_of(arena);
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      if (slot < arena.geometry.max_entries) slots.insert(slot);
    }
    const std::uint64_t end = std::min<std::uint64_t>(range.end(), arena.geometry.max_entries);
    if (range.first < end) {
      arena.space.give({range.first, static_cast<std::uint32_t>(end - range.first)});
    }
    set_runs(arena, slots);
  }
  virtual std::int64_t find(const Arena& arena, std::uint32_t count) {
    std::uint32_t best = kNoSlot;
    arena.space.may_place(count, kNoSlot, best);
    return best == kNoSlot || best + std::uint64_t{count} > arena.geometry.pages()
               ? -1
               : std::int64_t{best};
  }

  static bool is_free(const Arena& arena, model::SlotRange range) {
    for (const model::SlotRange& run : arena.runs) {
      if (run.first <= range.first && run.end() >= range.end()) return true;
    }
    return false;
  }
  static std::set<std::uint32_t> slots_of(const Arena& arena) {
    std::set<std::uint32_t> slots;
    for (const model::SlotRange& run : arena.runs) {
      for (std::uint32_t slot = run.first; slot < run.end(); ++slot) slots.insert(slot);
    }
    return slots;
  }
  static void set_runs(Arena& arena, const std::set<std::uint32_t>& slots) {
    arena.runs.clear();
    for (const std::uint32_t slot : slots) {
      if (!arena.runs.empty() && arena.runs.back().end() == slot) {
        ++arena.runs.back().count;
      } else {
        arena.runs.push_back({slot, 1});
      }
    }
  }

  // The inspector.
  model::ArenaGeometry geometry(unsigned index) const override { return arenas_[index].geometry; }
  void free_runs(unsigned index, std::vector<model::SlotRange>& runs) const override {
    runs = arenas_[index].runs;
  }
  std::string_view tree_fault(unsigned) const override { return {}; }
  void leaves(unsigned index, std::vector<model::LeafView>& leaves) const override {
    leaves.clear();
    for (const auto& [page, leaf] : arenas_[index].leaves) leaves.push_back(leaf);
  }
  bool leaf(unsigned index, std::int64_t page, model::LeafView& leaf) const override {
    const auto found = arenas_[index].leaves.find(page);
    if (found == arenas_[index].leaves.end()) return false;
    leaf = found->second;
    return true;
  }
  void spans(unsigned index, std::vector<model::SlotRange>& spans) const override {
    spans = arenas_[index].spans;
  }
  void vmas(unsigned index, std::vector<model::VmaView>& vmas) const override {
    vmas.clear();
    const model::ArenaGeometry& arena = arenas_[index].geometry;
    for (const Process& process : processes_) {
      if (process.mapped) vmas.push_back({arena.user_start, arena.user_end});
    }
  }
  std::uint64_t counter(unsigned index) const override {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        arenas_[index].leaves, [](const auto& l) { return !l.second.scratch; }));
  }
  bool lock_is_free(unsigned) const override { return true; }
  bool work_is_idle(unsigned index) const override {
    return arenas_[index].spans.empty() && arenas_[index].frees == 0;
  }
  void tlb(unsigned index, std::vector<model::TlbView>& entries) const override {
    entries.clear();
    for (unsigned cpu = 0; cpu < inject::kMaxCpus; ++cpu) {
      for (const auto& [page, leaf] : arenas_[index].tlb[cpu]) {
        entries.push_back({cpu, page, leaf.page, leaf.scratch});
      }
    }
  }
  void user_ptes(unsigned, std::vector<model::UserPteView>& ptes) const override {
    ptes.clear();
    for (unsigned process = 0; process < kProcesses; ++process) {
      for (const auto& [address, page] : processes_[process].ptes) {
        ptes.push_back({process, address, page});
      }
    }
  }
  model::ArenaPageView page(ArenaPage page) const override {
    return {frames_[page].references, frames_[page].references == 0};
  }
  std::byte* address(ArenaPage page) const override {
    return simulation_.memory().base() + (std::size_t{page} << options_.page_shift);
  }
  ArenaStock stock() const override {
    const auto used = std::ranges::count_if(
        frames_, [](const model::ArenaPageView& frame) { return frame.references != 0; });
    return {used, objects_};
  }
  ArenaSupply supply() const override {
    return {static_cast<std::int64_t>(frames_.size()) - stock().pages, true};
  }

  inject::Simulation& simulation_;
  ArenaOptions options_;
  PageFreedListener* listener_ = nullptr;
  std::vector<model::ArenaPageView> frames_;
  std::array<Arena, kArenas> arenas_;
  std::array<Process, kProcesses> processes_;
  std::int64_t objects_ = 0;
  std::vector<ArenaPage> cleared_;  // nothing may own memory on the stack: a verdict abandons it
};

/// The arena target with a subject of type S.
template <class S = ArenaDouble>
engine::Target arena_target_with() {
  return {.schema = &kArenaSchema,
          .what = "a plain arena",
          .memory_bytes = std::size_t{kMostArenaPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<ArenaWorld>(simulation, std::make_unique<S>(simulation));
          }};
}

/// What a program comes to with a subject of type S. The program is given without its first line.
template <class S>
std::optional<inject::Verdict> arena_verdict_with(const std::string& parameters,
                                                  const std::string& lanes) {
  const engine::Target target = arena_target_with<S>();
  const std::string text = "anyctx 1 target=arena " + parameters + "\n" + lanes;
  const program::ParsedText parsed = program::parse_text(*target.schema, text);
  if (!parsed.program) {
    ADD_FAILURE() << program::to_string(parsed.error);
    return std::nullopt;
  }
  engine::Runner runner(target);
  return runner.run(*parsed.program).verdict;
}

/// The program must end in this verdict, for the reason that the rule states.
template <class S>
void expect_verdict(inject::VerdictKind kind, const std::string& rule, const std::string& lanes,
                    const std::string& parameters = "") {
  const auto verdict = arena_verdict_with<S>(parameters, lanes);
  ASSERT_TRUE(verdict.has_value()) << "nobody noticed";
  EXPECT_EQ(to_string(verdict->kind), to_string(kind)) << verdict->rule << ": " << verdict->found;
  EXPECT_THAT(verdict->rule, ::testing::HasSubstr(rule));
  EXPECT_NE(verdict->expected, verdict->found);
}

}  // namespace anyctx::target
