// ReclaimWorld: slots and a list of things that readers look at without a lock, in every context,
// while others replace them; and what must hold for things that somebody found.
#pragma once

#include <array>
#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/targets/reclaim_retired.h"
#include "fuzzers/targets/reclaim_schema.h"
#include "fuzzers/targets/reclaim_thing.h"
#include "fuzzers/targets/user_count.h"

namespace anyctx::target {

class ReclaimWorld final : public engine::World {
 public:
  ReclaimWorld(inject::Simulation& simulation, std::unique_ptr<ReclaimSubject> subject)
      : simulation_(simulation), subject_(std::move(subject)) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;
  using Link = machine::Atomic<inject::Sim, Thing*, site::link>;
  enum class How : std::uint8_t { head, callback, head_spinning };

  // reclaim_world.cpp
  Outcome dispatch(const program::Op& op);
  bool is_under_rq_lock(const program::Op& op, inject::Lane lane) const;
  Outcome churn(std::uint32_t count);
  Outcome shrink();
  Outcome recreate();
  bool create_pair();
  void destroy_pair();
  void take_down();
  void hold(MemoryLeft left);
  void let_go();
  template <class Wait>
  Outcome wait(Wait wait);
  Outcome synchronize(GraceKind kind);
  Outcome barrier(GraceKind kind);
  Outcome kvfree_rcu_barrier();
  void check_ended();
  void check_settled();

  // reclaim_world_update.cpp
  Outcome publish(unsigned slot, How how);
  Outcome unpublish(unsigned slot, How how);
  Outcome push();
  Outcome take_list(How how);
  Thing* make();
  void check_made(Thing* thing);
  void check_reuse(const void* memory);
  void put(Thing* thing, How how);
  void retire(Thing* thing, How how);
  void call_back(Thing* thing);

  // reclaim_world_read.cpp
  Outcome read(unsigned slot, ReaderKind kind, std::uint32_t looks);
  Outcome borrow(unsigned slot, ReaderKind kind, std::uint32_t looks);
  Outcome walk(ReaderKind kind, std::uint32_t looks);
  Thing* find(Link& link);
  void look(const Thing* thing, std::uint64_t serial, std::uint32_t looks) const;
  bool get(Thing* thing);
  [[nodiscard]] bool may_read(ReaderKind kind) const;

  [[nodiscard]] bool is_typesafe() const { return scheme_ >= Scheme::typesafe_rcu; }
  [[nodiscard]] bool serves_all() const {
    return scheme_ == Scheme::srcu_fast || scheme_ == Scheme::typesafe_srcu;
  }
  [[nodiscard]] GraceKind grace() const {
    return serves_all() ? GraceKind::srcu_fast : GraceKind::rcu;
  }

  /// A reader from its construction to its destruction.

  inject::Simulation& simulation_;
  std::unique_ptr<ReclaimSubject> subject_;
  Scheme scheme_ = Scheme::rcu;
  ThingShape shape_;
  std::array<Link, kReclaimSlots> slots_;
  Link list_;
  ReclaimReaders readers_;
  ReclaimRetired retired_;
  UserCount users_;
  std::uint64_t serials_ = 0;
  RqLock rq_lock_ = RqLock::nobody;
  std::array<void*, kMostReclaimPages> held_{};  // memory that others have; then nulls
  bool has_sheaves_ = false;
  bool has_pair_ = false;
  bool closed_ = false;  // being set up or taken down: what interrupts that does nothing
};

}  // namespace anyctx::target
