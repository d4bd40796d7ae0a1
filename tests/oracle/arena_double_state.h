// ArenaDoubleState: what a plain arena consists of, and what an inspector sees of it.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "fuzzers/model/arena_space.h"
#include "fuzzers/targets/arena_subject.h"

namespace anyctx::target {

class ArenaDoubleState : public ArenaInspector {
 protected:
  explicit ArenaDoubleState(inject::Simulation& simulation) : simulation_(simulation) {}

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
    std::vector<model::SlotRange> late;          // freed, but not given back yet
    unsigned frees = 0;                          // in progress
    std::uint64_t unmaps = 0;                    // so far
    std::array<unsigned, kMostEntries> going{};  // frees in progress, by slot
  };
  struct Process {
    bool mapped = false;
    std::map<std::uint64_t, ArenaPage> ptes;
  };
  model::ArenaGeometry geometry(unsigned index) const override { return arenas_[index].geometry; }
  void free_runs(unsigned index, std::vector<model::SlotRange>& runs) const override {
    runs = arenas_[index].runs;
  }
  std::string_view tree_fault(unsigned) const override { return {}; }
  std::int64_t charged() const override { return objects_; }
  ArenaStock owned() const override { return {stock().pages, objects_, objects_}; }
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
  bool has_late_slots(unsigned index) const override { return !arenas_[index].late.empty(); }
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
    for (unsigned process = 0; process < ArenaSubject::kProcesses; ++process) {
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
  std::vector<model::ArenaPageView> frames_;
  std::array<Arena, ArenaSubject::kArenas> arenas_;
  std::array<Process, ArenaSubject::kProcesses> processes_;
  std::int64_t objects_ = 0;
};

}  // namespace anyctx::target
