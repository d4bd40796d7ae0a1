// ArenaPageWatch: judges each moment at which a page frame goes back to the page allocator (I5):
// nothing leads to it any more.
#pragma once

#include "fuzzers/targets/arena_scene.h"

namespace anyctx::target {

class ArenaPageWatch final : public PageFreedListener {
 public:
  explicit ArenaPageWatch(ArenaScene& scene) : scene_(scene) {}

  void reset() {
    suspended_ = false;
    exists_ = {};
  }
  /// While an arena is destroyed, its pages may be freed in an order of their own.
  void suspend(bool suspended) { suspended_ = suspended; }
  void exists(unsigned arena, bool exists) { exists_[arena] = exists; }

  void page_freed(ArenaPage page) override;

 private:
  static constexpr std::uint64_t kMostLeaves = 128;

  void check(unsigned arena, ArenaPage page);

  ArenaScene& scene_;
  bool suspended_ = false;
  std::array<bool, ArenaSubject::kArenas> exists_{};
  std::vector<model::LeafView> leaves_;
  std::vector<model::TlbView> tlb_;
  std::vector<model::UserPteView> ptes_;
};

}  // namespace anyctx::target
