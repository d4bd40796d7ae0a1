// ArenaDouble: a plain arena that does what the contract says, one step after the other, with the
// standard containers, a real lock and real deferred work. Tests of the target's oracles override
// single steps.
//
// Others come in between its steps. What is read and changed without the lock is so in one step.
#pragma once

#include <gtest/gtest.h>

#include <bitset>
#include <optional>
#include <set>
#include <vector>

#include "fuzzers/targets/arena_subject.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/sites.h"
#include "lib/defer/irq_work.h"
#include "lib/defer/workqueue.h"
#include "lib/page/sites.h"
#include "lib/sync/rqspinlock.h"
#include "tests/oracle/arena_double_state.h"

namespace anyctx::target {

class ArenaDouble : public ArenaSubject, protected ArenaDoubleState {
 public:
  explicit ArenaDouble(inject::Simulation& simulation) : ArenaDoubleState(simulation) {}

  void reset(const ArenaOptions& options, PageFreedListener* listener) override {
    options_ = options;
    listener_ = listener;
    frames_.assign(simulation_.memory().bytes() >> options.page_shift, {});
    arenas_ = {};
    processes_ = {};
    objects_ = 0;
    lock_cpus_.emplace();
    for (unsigned index = 0; index < kArenas; ++index) engines_[index].emplace(*this, index);
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
    machine::IrqState state;
    if (acquire(index, state) != 0) return 0;
    std::uint32_t mapped = 0;
    const model::SlotRange range = take_for(arena, ask, count);
    while (mapped < range.count && !fails(page::site::watermark)) {
      install(arena, range.first + mapped++);
    }
    if (mapped < range.count) give_rest(arena, {range.first + mapped, range.count - mapped});
    release(index, state);
    if (range.empty()) return 0;
    step();
    if (mapped == count) return arena.geometry.address(range.first);
    if (mapped != 0) unwind(index, {range.first, mapped}, sleepable);
    return 0;
  }
  void free_pages(unsigned index, std::uint64_t pointer, std::uint32_t count,
                  bool sleepable) override {
    const model::SlotRange range = arenas_[index].geometry.freed(pointer, count);
    if (range.empty()) return;
    sleepable ? free_now(index, range) : defer_free(index, range);
  }
  int reserve_pages(unsigned index, std::uint64_t pointer, std::uint32_t count) override {
    Arena& arena = arenas_[index];
    if (count == 0 || pointer % arena.geometry.page_bytes() != 0) return 0;
    if (!arena.geometry.is_inside(pointer, count)) return -EINVAL;
    const model::SlotRange range{arena.geometry.slot(pointer), count};
    machine::IrqState state;
    if (acquire(index, state) != 0) return -EBUSY;
    int result = is_free(arena, range) ? 0 : -EBUSY;
    if (result == 0 && fails(bpf::site::range_split)) result = -ENOMEM;
    if (result == 0) take(arena, range);
    release(index, state);
    return result;
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
  TouchResult touch(unsigned process, std::uint64_t address, bool,
                    TouchListener& listener) override {
    const model::ArenaGeometry& geometry = arenas_[0].geometry;
    for (;;) {
      Process& own = processes_[process];
      if (!own.mapped || address < geometry.user_start || address >= geometry.user_end) {
        return TouchResult::sigsegv;
      }
      if (const auto pte = own.ptes.find(address); pte != own.ptes.end()) {
        listener.touched(this->address(pte->second));
        return TouchResult::done;
      }
      const std::uint64_t unmaps = arenas_[0].unmaps;
      const Fault fault = handle_fault(geometry.slot(address));
      if (fault.kind == Fault::Kind::again) {
        inject::Sim::relax(defer::site::work_wait);
      } else if (fault.kind != Fault::Kind::page) {
        return fault.kind == Fault::Kind::sigbus ? TouchResult::sigbus : TouchResult::sigsegv;
      } else if (install_pte(own, address, fault.page, unmaps)) {
        listener.touched(this->address(fault.page));
        return TouchResult::done;
      }
    }
  }
  void drain(unsigned index) override {
    while (!work_is_idle(index)) {
      engines_[index]->irq_work.sync();
      engines_[index]->work.flush();
    }
  }
  void trim() override {}

 protected:
  struct Fault {
    enum class Kind : std::uint8_t { sigsegv, sigbus, again, page };
    Kind kind = Kind::sigsegv;
    ArenaPage page = kNoArenaPage;
  };
  /// Lock and deferred work of an arena.
  struct Engine {
    Engine(ArenaDouble& own, unsigned number) : owner(own), index(number), lock(*own.lock_cpus_) {
      irq_work.init([](void* self, unsigned) { static_cast<Engine*>(self)->work.schedule(); }, this,
                    0);
      work.init(
          [](void* self) {
            const Engine& engine = *static_cast<Engine*>(self);
            engine.owner.run_work(engine.index);
          },
          this);
    }
    ArenaDouble& owner;
    unsigned index;
    sync::RqSpinLock<inject::Sim> lock;
    defer::IrqWork<inject::Sim> irq_work;
    defer::Work<inject::Sim> work;
  };

  // The steps.

  static bool fails(machine::Site site) { return inject::Sim::fails(site, false); }
  virtual int on_create_failure() { return -ENOMEM; }
  virtual void on_split_failure(Arena&, const model::ArenaAsk&) {}
  virtual void on_touch_failure(Arena&, std::uint32_t) {}

  int acquire(unsigned index, machine::IrqState& state) {
    const int result = engines_[index]->lock.lock_irqsave(state);
    if (result != 0) return result;
    Arena& arena = arenas_[index];
    for (const model::SlotRange& range : arena.late) give(arena, range);
    arena.late.clear();
    return 0;
  }
  void release(unsigned index, machine::IrqState state) {
    engines_[index]->lock.unlock_irqrestore(state);
  }

  /// Empty if there is no room.
  model::SlotRange take_for(Arena& arena, const model::ArenaAsk& ask, std::uint32_t count) {
    if (ask.fixed && !is_free(arena, ask.range)) return {};
    const std::int64_t first = ask.fixed ? ask.range.first : find(arena, count);
    if (first < 0) return {};
    if (ask.fixed && fails(bpf::site::range_split)) {
      on_split_failure(arena, ask);
      return {};
    }
    const model::SlotRange range{static_cast<std::uint32_t>(first), count};
    take(arena, range);
    return range;
  }
  virtual void give_rest(Arena& arena, model::SlotRange range) { give(arena, range); }
  virtual void unwind(unsigned index, model::SlotRange mapped, bool sleepable) {
    sleepable ? free_now(index, mapped) : defer_free(index, mapped);
  }

  virtual void free_now(unsigned index, model::SlotRange range) {
    machine::IrqState state;
    if (acquire(index, state) != 0) return defer_free(index, range);
    free_locked(index, range, state);
  }
  virtual void defer_free(unsigned index, model::SlotRange range) {
    if (fails(bpf::site::range_new)) return;
    arenas_[index].spans.push_back(range);
    step();
    engines_[index]->irq_work.queue();
  }
  virtual void run_work(unsigned index) {
    for (;;) {
      machine::IrqState state;
      if (acquire(index, state) != 0) {
        engines_[index]->work.schedule();
        return;
      }
      auto& spans = arenas_[index].spans;
      if (spans.empty()) return release(index, state);
      const model::SlotRange span = spans.back();
      spans.pop_back();
      free_later(index, span, state);
    }
  }
  virtual void free_later(unsigned index, model::SlotRange range, machine::IrqState state) {
    free_locked(index, range, state);
  }
  void free_locked(unsigned index, model::SlotRange range, machine::IrqState state) {
    Arena& arena = arenas_[index];
    ++arena.frees;
    ++arena.unmaps;
    clear(arena, range);
    std::array<ArenaPage, kMostEntries> frames;
    const std::size_t count = std::min(cleared_.size(), frames.size());
    std::copy_n(cleared_.begin(), count, frames.begin());
    std::bitset<kMostEntries> going;  // what is free already may find a new owner meanwhile
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      going[slot] = !is_free(arena, {slot, 1});
      arena.going[slot] += going[slot];
    }
    release(index, state);
    step();
    flush(index, range);
    step();
    zap(index, range);
    step();
    for (std::size_t i = 0; i < count; ++i) put(frames[i]);
    step();
    const bool locked = acquire(index, state) == 0;
    for (std::uint32_t slot = range.first; slot < range.end(); ++slot) {
      if (!going[slot] || --arena.going[slot] != 0) continue;
      locked ? give(arena, {slot, 1}) : arena.late.push_back({slot, 1});
    }
    --arena.frees;
    if (locked) release(index, state);
  }
  /// Somebody else may come in here.
  static void step() { inject::Sim::probe(defer::site::work_wait); }

  Fault handle_fault(std::uint32_t slot) {
    machine::IrqState state;
    if (acquire(0, state) != 0) return {Fault::Kind::sigbus, kNoArenaPage};
    const Fault fault = find_page(arenas_[0], slot);
    if (fault.kind == Fault::Kind::page) ++frames_[fault.page].references;
    release(0, state);
    step();
    return fault;
  }
  Fault find_page(Arena& arena, std::uint32_t slot) {
    const std::int64_t page = arena.geometry.kernel_page(slot);
    auto leaf = arena.leaves.find(page);
    if (leaf != arena.leaves.end() && leaf->second.scratch) return {};
    if (leaf == arena.leaves.end()) {
      if (arena.going[slot] != 0) return {Fault::Kind::again, kNoArenaPage};
      if (arena.segv) return {};
      if (fails(page::site::watermark)) {
        on_touch_failure(arena, slot);
        return {};
      }
      take(arena, {slot, 1});
      install(arena, slot);
      leaf = arena.leaves.find(page);
    }
    return {Fault::Kind::page, leaf->second.page};
  }
  /// False, and the reference is dropped, if the page was unmapped meanwhile, or is there.
  virtual bool install_pte(Process& process, std::uint64_t address, ArenaPage page,
                           std::uint64_t unmaps) {
    if (process.mapped && arenas_[0].unmaps == unmaps &&
        process.ptes.emplace(address, page).second) {
      return true;
    }
    put(page);
    return false;
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

  bool lock_is_free(unsigned index) const override { return engines_[index]->lock.peek() == 0; }
  bool work_is_idle(unsigned index) const override {
    return engines_[index]->irq_work.idle() && engines_[index]->work.idle() &&
           arenas_[index].frees == 0;
  }

  PageFreedListener* listener_ = nullptr;
  std::optional<sync::RqCpus<inject::Sim>> lock_cpus_;
  std::array<std::optional<Engine>, kArenas> engines_;
  std::vector<ArenaPage> cleared_;  // nothing may own memory on the stack: a verdict abandons it
};

}  // namespace anyctx::target
