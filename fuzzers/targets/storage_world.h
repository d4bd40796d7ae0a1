// StorageWorld: owners and maps that every context uses, and that end while others are in use.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "fuzzers/engine/world.h"
#include "fuzzers/targets/storage_pairs.h"
#include "fuzzers/targets/storage_subject.h"
#include "fuzzers/targets/user_count.h"

namespace anyctx::target {

/// It keeps what callers must keep: values are used by readers only, and nobody uses an owner or a
/// map that is being ended.
class StorageWorld final : public engine::World {
 public:
  StorageWorld(inject::Simulation& simulation, std::unique_ptr<StorageSubject> subject)
      : simulation_(simulation), subject_(std::move(subject)) {}

  void setup(const program::Program& program) override;
  engine::Outcome perform(const program::Op& op, inject::Lane lane) override;
  void finish() override;

 private:
  using Outcome = engine::Outcome;

  /// An owner or a map.
  struct Place {
    UserCount users;
    bool open = false;
    bool ending = false;  // of a map: it is being replaced
  };
  /// Uses a place, if it is open, while it lives.
  class Use;
  /// Closes a place, if nobody uses it, while it lives.
  class Closing;
  class Section;

  // storage_world.cpp
  Outcome dispatch(const program::Op& op);
  Outcome update(unsigned owner, unsigned map, std::uint32_t flags);
  Outcome remove(unsigned owner, unsigned map);
  Outcome lookup(unsigned owner, unsigned map, bool srcu_fast, std::uint32_t looks);
  Outcome end_owner(unsigned owner);
  Outcome destroy_map(unsigned map);
  Outcome fork(unsigned parent, unsigned child);
  Outcome churn(std::uint32_t count);
  bool create_map(unsigned map);
  void end(unsigned owner);
  void destroy(unsigned map);

  // storage_judge.cpp
  void fill(std::byte* value, std::uint32_t number) const;
  static std::uint32_t number_of(const void* value);
  void settle(unsigned owner, unsigned map, const StoragePairs::Window& window,
              std::uint32_t value);
  void judge_value(const void* value, unsigned owner, unsigned map, std::uint32_t number) const;
  void judge_lookup(std::uint32_t number, bool is_exact, std::uint32_t before) const;
  void judge_update(int result, std::uint32_t flags, bool is_exact, std::uint32_t before,
                    bool has_excuse) const;
  void judge_remove(int result, bool is_exact, std::uint32_t before, bool has_excuse) const;
  void judge_result(int result, int expected, bool is_exact, bool has_excuse) const;
  void judge_fork(int result, unsigned child, bool has_excuse) const;
  void judge_inherited(int result, unsigned parent, unsigned child, unsigned map,
                       const std::uint32_t* expected);
  void judge_charges() const;
  void judge_rest() const;
  [[nodiscard]] bool could_fail() const;
  [[nodiscard]] bool missed_lock() const;

  inject::Simulation& simulation_;
  std::unique_ptr<StorageSubject> subject_;
  StoragePairs pairs_;
  UserCount users_;
  std::array<Place, kStorageOwners> owners_;
  std::array<Place, kStorageMaps> maps_;
  std::array<bool, kStorageOwners> has_stragglers_{};  // elements of maps that are gone
  std::uint32_t size_ = 8;                             // of values
  bool any_readers_ = true;
  bool may_be_refused_ = false;  // by the owner's limit, or for want of a double-word swap
  bool same_slot_ = false;
  bool closed_ = false;  // being taken down
};

}  // namespace anyctx::target
