// MemcgJudge: whether memory is paid for by whom it has to be, once, and no longer than it is used.
#pragma once

#include <array>

#include "fuzzers/targets/slab_alloc_judge.h"
#include "fuzzers/targets/slab_memcg_inspector.h"

namespace anyctx::target {

/// Without accounting (no inspector) nothing is judged, and nobody pays.
class MemcgJudge {
 public:
  /// What is known before an allocation and no longer afterwards.
  struct Before {
    PayerId payer = kNobody;  // who has to pay
    bool room = true;         // no limit is in the way
    bool alone = false;       // nobody was in the middle of an operation; only then:
    std::uint64_t begun = 0;
    std::array<std::uint64_t, kPayingGroups + 1> charged{};
    std::array<PayerView, kMostPayers> payers{};
  };

  MemcgJudge(inject::Simulation& simulation, const SlabInspector& inspector,
             const SlabLedger& ledger, const CacheTable& caches)
      : simulation_(simulation), inspector_(inspector), ledger_(ledger), caches_(caches) {}

  void reset(const MemcgInspector* memcg) { memcg_ = memcg; }
  bool is_on() const { return memcg_ != nullptr; }

  Before look(const AllocCall& call) const;
  /// The call returned null.
  void judge_null(const Before& before) const;
  /// The call returned memory. Returns who pays for it.
  PayerId judge_memory(const AllocCall& call, const Before& before, const void* memory) const;
  /// Before an object is freed: whoever paid for it still does.
  void check_paid(const SlabObject& object) const;

  /// While nobody is in the middle of an operation: counters are what memory in use says.
  void recount() const;
  /// After everything was given back: nothing is charged to anybody.
  void check_nothing_left() const;

 private:
  /// What memory in use, counters and stocks amount to.
  struct Books {
    std::array<std::uint64_t, kPayingGroups + 1> bytes{};
    std::array<std::uint64_t, kMostPayers> references{};
  };
  Books count() const;
  void check_group(std::uint32_t index, std::uint64_t bytes) const;
  void check_payer(PayerId id, std::uint64_t references) const;

  PayerId payer_of(const SlabObject& object) const;
  std::uint64_t cost_of(const SlabObject& object) const;
  std::uint64_t pages_for(const AllocCall& call) const;
  bool has_room(const AllocCall& call, PayerId payer) const;
  [[noreturn]] void stop(inject::VerdictKind kind, const char* rule, std::string expected,
                         std::string found) const;

  inject::Simulation& simulation_;
  const SlabInspector& inspector_;
  const SlabLedger& ledger_;
  const CacheTable& caches_;
  const MemcgInspector* memcg_ = nullptr;
};

}  // namespace anyctx::target
