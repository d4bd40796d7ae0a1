// ArenaLook: judges an arena by what is found in it between two calls.
#pragma once

#include "fuzzers/targets/arena_scene.h"

namespace anyctx::target {

/// What failures of a call permit that nobody asked for.
struct ArenaAllowance {
  bool queued = false;    // pages that were taken are given back by the worker
  bool stranded = false;  // or by nobody
  bool lost = false;      // slots are lost
  bool failed = false;    // the call says that nothing changed
  bool all_failed = true;
  void add(const ArenaAllowance& other) {
    queued |= other.queued;
    stranded |= other.stranded;
    lost |= other.lost;
    failed |= other.failed;
    all_failed &= other.failed;
  }
};

class ArenaLook {
 public:
  explicit ArenaLook(ArenaScene& scene) : scene_(scene) {}

  /// There is no arena yet; `others` have that much.
  void reset(const ArenaStock& others);

  /// Structure, whenever nobody has the lock; everything else if no call is in progress. The call
  /// that ended last permits `allowance`.
  void look(const ArenaAllowance& allowance = {});
  /// Before a call that finds none in progress: the model may know more by now.
  void refresh() {
    if (scene_.calls() == 0 && (scene_.stale || scene_.doomed)) look();
  }

 private:
  using SlotRange = model::SlotRange;
  /// Slots that look alike.
  struct FoundSlots {
    SlotRange range;
    bool free = false;
    ArenaPage page = kNoArenaPage;
  };

  void take_snapshot();
  // Rules that hold whenever nobody has the lock.
  void check_tree() const;
  void check_leaves();
  // Rules that hold if no call is in progress.
  void check_slots();
  void expect_withheld_slots();
  void list_found_slots();
  void check_found(const FoundSlots& found);
  void check_part(SlotRange part, model::ShadowSlot& known, model::StateSet found, ArenaPage page);
  void check_translations();
  void check_caches() const;
  void check_charge() const;
  void check_ptes();
  void check_references();

  bool is_free(std::uint32_t slot) const;
  /// The slot of a page of the kernel's mapping; past the last one if it has none.
  std::uint32_t slot_of(std::int64_t kernel_page) const;
  bool is_going(std::uint32_t slot) const {
    return slot < scene_.shadow.size() && scene_.shadow.slot(slot).doomed;
  }
  [[noreturn]] void accuse_slot(std::uint32_t slot, bool has_page) const;

  ArenaScene& scene_;
  ArenaStock others_;
  bool looking_ = false;    // or a verdict ended it
  ArenaAllowance pending_;  // of calls since the last time that slots were judged
  model::ArenaGeometry geometry_;
  model::ArenaSnapshot found_;
  std::vector<SlotRange> spans_;
  std::vector<FoundSlots> found_slots_;
  std::vector<std::uint32_t> mapped_;      // slots
  std::vector<ArenaPage> pages_;           // by slot
  std::vector<std::uint16_t> references_;  // by page
  std::vector<model::TlbView> tlb_;
  std::vector<model::UserPteView> ptes_;
};

}  // namespace anyctx::target
