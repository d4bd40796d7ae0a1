// MemAllocWorld: programs that take and give objects in every context, readers who look at what
// they found, and allocators that are destroyed meanwhile.
#pragma once

#include <array>
#include <bitset>
#include <memory>

#include "fuzzers/engine/slots.h"
#include "fuzzers/engine/world.h"
#include "fuzzers/model/live_ranges.h"
#include "fuzzers/targets/mem_alloc_schema.h"
#include "fuzzers/targets/mem_alloc_subject.h"
#include "fuzzers/targets/mem_alloc_thing.h"
#include "fuzzers/targets/reclaim_retired.h"
#include "fuzzers/targets/reclaim_sites.h"
#include "fuzzers/targets/user_count.h"
#include "inject/sim/sim_machine.h"
#include "lib/machine/atomic.h"

namespace anyctx::target {

class MemAllocWorld final : public engine::World {
 public:
  MemAllocWorld(inject::Simulation& simulation, std::unique_ptr<MemAllocSubject> subject)
      : simulation_(simulation), subject_(std::move(subject)) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;
  using Cell = machine::Atomic<inject::Sim, MemThing*, site::link>;
  enum class How : std::uint8_t { at_once, after_rcu };

  /// What one operation has of an object.
  struct Held {
    void* object = nullptr;
    std::uint32_t bytes = 0;
    std::uint64_t serial = 0;
  };
  /// One per allocator that was created: what its destructor is given.
  struct Context {
    MemAllocWorld* world = nullptr;
    bool is_freed = false;
  };

  // mem_alloc_world.cpp
  Outcome dispatch(const program::Op& op);
  Outcome create();
  Outcome destroy();
  void give_back();
  Outcome synchronize(GraceKind kind);
  Outcome barrier(GraceKind kind);
  void destruct(void* object, const Context& context);
  void free_context(Context& context);
  void check_ended();
  void check_settled();
  void check_sound();

  // mem_alloc_world_objects.cpp
  Outcome alloc(unsigned slot, std::uint32_t bytes);
  Outcome free(unsigned slot, How how);
  Outcome churn(std::uint32_t bytes, std::uint32_t count, How how);
  Outcome publish(unsigned cell, std::uint32_t bytes, How how);
  Outcome unpublish(unsigned cell, How how);
  Outcome read(unsigned cell, ReaderKind kind, std::uint32_t looks, bool puts);
  Outcome stand(ReaderKind kind, std::uint32_t looks);
  void look(const MemThing* thing, std::uint64_t serial, ReaderKind kind,
            std::uint32_t looks) const;
  Held make(std::uint32_t bytes);
  void check_null(std::uint32_t bytes, const MemAllocSubject::Cache& before) const;
  [[nodiscard]] bool is_excused() const;
  void check_made(const Held& held);
  void check_reuse(const void* memory);
  void give(const Held& held, How how);
  void begin_thing(Held& held);
  void release_hold(MemThing& thing);

  [[nodiscard]] std::uint32_t bytes_of(std::uint32_t asked) const {
    return size_ == 0 ? asked : size_;
  }
  [[nodiscard]] bool is_thing(const void* object) const {
    return (size_ == 0 ? subject_->capacity(object) : size_) >= kLeastThing;
  }
  [[nodiscard]] std::size_t offset_of(const void* object) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(object) -
                                    simulation_.memory().base());
  }
  /// Freed in the way that lets others have it while readers look.
  [[nodiscard]] bool was_freed_at_once(std::uint64_t serial) const {
    return serial >= at_once_.size() || at_once_[serial];
  }

  /// A reader from its construction to its destruction.

  // No object of a bucket with less can be a thing: all others are.
  static constexpr std::size_t kLeastThing = 56;
  static constexpr std::size_t kHeader = 8;
  static_assert(sizeof(MemThing) <= kLeastThing);

  inject::Simulation& simulation_;
  std::unique_ptr<MemAllocSubject> subject_;
  std::uint32_t size_ = 0;  // of all objects; 0: any
  std::array<Cell, kMemAllocCells> cells_;
  engine::Slots<Held> slots_;
  ReclaimReaders readers_;
  ReclaimRetired retired_;
  model::LiveRanges live_;
  std::bitset<8192> at_once_;
  std::array<Context, 64> contexts_;
  unsigned created_ = 0;
  std::uint64_t serials_ = 0;
  std::int64_t held_ = 0;  // references that things hold
  UserCount users_;
  bool exists_ = false;
  bool closed_ = false;  // being created or destroyed: what interrupts that does nothing
};

}  // namespace anyctx::target
