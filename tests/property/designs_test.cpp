// Designs of the slab allocator are alike to their users: what one serves, the other serves, and a
// free that is deferred is as good as one that is not once a barrier has passed.
#include <gtest/gtest.h>

#include <algorithm>

#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/pins.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/targets/registry.h"
#include "fuzzers/targets/slab_schema.h"
#include "lib/slab/sites.h"

namespace anyctx::target {
namespace {

using program::Program;

constexpr unsigned kPrograms = 1500;

bool is(const program::Op& op, std::initializer_list<SlabOp> codes) {
  return std::ranges::find(codes, static_cast<SlabOp>(op.code)) != codes.end();
}

/// Whether all designs promise the same of an operation: not of users' own sheaves, nor of what
/// happens to damage.
bool is_common(const program::Op& op) {
  return !is(op, {SlabOp::double_free, SlabOp::write_after_free, SlabOp::write_past_end,
                  SlabOp::wrong_free, SlabOp::kmem_cache_prefill_sheaf,
                  SlabOp::kmem_cache_alloc_from_sheaf, SlabOp::kmem_cache_refill_sheaf,
                  SlabOp::kmem_cache_return_sheaf});
}
bool is_nolock_free(const program::Op& op) {
  return is(op, {SlabOp::kfree_nolock, SlabOp::kmem_cache_free_nolock});
}

/// One task on one CPU with enough memory, that nothing happens to. With a barrier after each free
/// that may be deferred.
Program plain(const Program& program) {
  Program result = program;
  result.decisions.clear();
  result.walk = {};
  std::erase_if(result.lanes, [](const program::LaneOps& lane) {
    return lane.lane.kind != inject::LaneKind::task || lane.lane.index != 0;
  });
  if (result.lanes.empty()) return result;
  std::vector<program::Op> ops;
  for (const program::Op& op : result.lanes[0].ops) {
    if (!is_common(op) || ops.size() + 2 > program::kMaxOpsPerLane) continue;
    ops.push_back(op);
    if (!is_nolock_free(op)) continue;
    program::Op barrier{};
    barrier.code = static_cast<std::uint8_t>(SlabOp::deferred_work_barrier);
    ops.push_back(barrier);
  }
  result.lanes[0].ops = ops;
  program::Pins pins(kSlabSchema);
  for (const char* pin : {"cpus=1", "rt=no", "smp=yes", "cas2=yes", "pages=512", "nodes=1",
                          "memcg=0", "page_size=4k"}) {
    EXPECT_EQ(pins.add(pin), "");
  }
  pins.apply(result);
  return result;
}

Program with(Program program, const char* pin) {
  program::Pins pins(kSlabSchema);
  EXPECT_EQ(pins.add(pin), "");
  pins.apply(program);
  return program;
}

/// The results of the operations; those of frees without what says how.
std::vector<std::uint64_t> results(engine::Runner& runner, const Program& program) {
  const engine::RunResult run = runner.run(program, inject::Recording::events);
  EXPECT_FALSE(run.verdict) << program::to_text(kSlabSchema, program);
  std::vector<std::uint64_t> results;
  for (const inject::Event& event : runner.simulation().events()) {
    if (event.kind != inject::EventKind::op_end) continue;
    const program::Op& op = program.lanes[0].ops[event.where.op];
    results.push_back(is_nolock_free(op) ? event.value & 3 : event.value);
  }
  return results;
}

/// Designs keep different amounts of memory, so that one may run out before the other: what comes
/// after the first failure is not compared. Returns how many results were.
std::size_t expect_alike(const Program& program, const std::vector<std::uint64_t>& one,
                         const std::vector<std::uint64_t>& other) {
  constexpr auto kFailed = static_cast<std::uint64_t>(engine::Outcome::Kind::failed);
  EXPECT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    if ((one[i] & 3) == kFailed || (other[i] & 3) == kFailed) return i;
    EXPECT_EQ(one[i], other[i]) << "operation " << i << " of\n"
                                << program::to_text(kSlabSchema, program);
    if (one[i] != other[i]) return i;
  }
  return one.size();
}

class Designs : public ::testing::Test {
 protected:
  /// Calls f(program) for many.
  template <class F>
  void for_each_program(F f) {
    inject::Rng rng(11);
    for (unsigned i = 0; i < kPrograms && !HasFailure(); ++i) {
      const Program program = plain(program::generate(kSlabSchema, rng));
      if (!program.lanes.empty() && !program.lanes[0].ops.empty()) f(program);
    }
    EXPECT_GT(compared_, kPrograms * 2);  // otherwise nothing was shown
  }

  engine::Runner runner_{*find_target("slab")};
  std::size_t compared_ = 0;
};

TEST_F(Designs, ServeAlike) {
  for_each_program([&](const Program& program) {
    const Program classic = with(program, "design=classic");
    const Program sheaves = with(program, "design=sheaves");
    compared_ += expect_alike(program, results(runner_, classic), results(runner_, sheaves));
  });
}

TEST_F(Designs, ADeferredFreeIsAFreeAfterTheBarrier) {
  std::size_t deferred = 0;
  for_each_program([&](const Program& program) {
    const Program at_once = with(program, "design=classic");
    Program late = at_once;
    for (std::size_t i = 0; i < late.lanes[0].ops.size(); ++i) {
      if (!is_nolock_free(late.lanes[0].ops[i])) continue;
      late.decisions.push_back({{late.lanes[0].lane, static_cast<std::uint8_t>(i), 0},
                                machine::point(slab::site::cpu_busy, machine::Verb::limit),
                                1,
                                {inject::ActionKind::fail, {}, 0}});
    }
    deferred += late.decisions.size();
    compared_ += expect_alike(program, results(runner_, at_once), results(runner_, late));
  });
  EXPECT_GT(deferred, kPrograms / 4);
}

}  // namespace
}  // namespace anyctx::target
