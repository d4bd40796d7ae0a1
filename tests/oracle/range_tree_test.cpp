// Each oracle of the range_tree target fires: trees that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <ostream>

#include "fuzzers/targets/range_tree_schema.h"
#include "fuzzers/targets/range_tree_target.h"
#include "fuzzers/targets/range_tree_world.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/sites.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;
using machine::IrqState;
using model::Run;

/// Does as the honest tree does, but where a function is set. It is given the honest one.
class RogueTree final : public RangeTreeSubject, private RangeTreeInspector {
 public:
  explicit RogueTree(inject::Simulation& simulation)
      : honest_(make_own_range_tree_subject(simulation)) {}

  using OfRange = std::function<int(RangeTreeSubject&, std::uint64_t, std::uint64_t)>;
  OfRange on_set, on_clear, on_is_set;
  std::function<std::int64_t(RangeTreeSubject&, std::uint64_t)> on_find;
  std::function<void(RangeTreeSubject&)> on_destroy;
  std::function<int(RangeTreeSubject&, IrqState&)> on_lock;
  std::function<void(std::vector<Run>&)> change_runs;
  std::function<std::int64_t(std::int64_t)> change_nodes;
  std::string_view wrong;
  bool keeps_objects = false;

  void reset(const RangeTreeOptions& options) override { honest_->reset(options); }
  const RangeTreeInspector& inspector() const override { return *this; }
  int raw_res_spin_lock_irqsave(IrqState& flags) override {
    return on_lock ? on_lock(*honest_, flags) : honest_->raw_res_spin_lock_irqsave(flags);
  }
  void raw_res_spin_unlock_irqrestore(IrqState flags) override {
    honest_->raw_res_spin_unlock_irqrestore(flags);
  }
  void range_tree_init(std::uint64_t limit) override { honest_->range_tree_init(limit); }
  void range_tree_destroy() override {
    on_destroy ? on_destroy(*honest_) : honest_->range_tree_destroy();
  }
  int range_tree_set(std::uint64_t start, std::uint64_t length) override {
    return on_set ? on_set(*honest_, start, length) : honest_->range_tree_set(start, length);
  }
  int range_tree_clear(std::uint64_t start, std::uint64_t length) override {
    return on_clear ? on_clear(*honest_, start, length) : honest_->range_tree_clear(start, length);
  }
  int is_range_tree_set(std::uint64_t start, std::uint64_t length) override {
    return on_is_set ? on_is_set(*honest_, start, length)
                     : honest_->is_range_tree_set(start, length);
  }
  std::int64_t range_tree_find(std::uint64_t length) override {
    return on_find ? on_find(*honest_, length) : honest_->range_tree_find(length);
  }
  void* kmalloc_nolock() override { return honest_->kmalloc_nolock(); }
  void kfree_nolock(void* object) override {
    if (!keeps_objects) honest_->kfree_nolock(object);
  }
  void* alloc_pages_nolock() override { return honest_->alloc_pages_nolock(); }
  void free_pages_nolock(void* page) override { honest_->free_pages_nolock(page); }
  std::int64_t settle() override { return honest_->settle(); }

 private:
  void list_runs(std::vector<Run>& runs) const override {
    honest_->inspector().list_runs(runs);
    if (change_runs) change_runs(runs);
  }
  std::string_view audit() const override {
    return wrong.empty() ? honest_->inspector().audit() : wrong;
  }
  std::int64_t nodes() const override {
    const std::int64_t nodes = honest_->inspector().nodes();
    return change_nodes ? change_nodes(nodes) : nodes;
  }
  bool has_room() const override { return honest_->inspector().has_room(); }

  std::unique_ptr<RangeTreeSubject> honest_;
};

using Crime = CrimeOf<RogueTree>;

const std::string kHole = "task0: clear(40, 5)\n";
const std::string kEnd = "task0: clear(0, 5)\n";

/// clear() is this instead.
std::function<void(RogueTree&)> clears(RogueTree::OfRange call) {
  return [call = std::move(call)](RogueTree& rogue) { rogue.on_clear = call; };
}
std::function<void(RogueTree&)> finds(std::int64_t result) {
  return [=](RogueTree& rogue) {
    rogue.on_find = [=](RangeTreeSubject&, std::uint64_t) { return result; };
  };
}

int no_node() {
  static_cast<void>(Sim::fails(bpf::site::range_split, true));
  return -ENOMEM;
}

std::vector<Crime> crimes_of_changes() {
  return {
      {"takes_an_empty_range", VerdictKind::error_code, "is refused", "task0: clear(3, 0)\n",
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return 0; })},
      {"unknown_code", VerdictKind::error_code, "there is no memory", kEnd,
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return -EFAULT; })},
      {"fails_without_need", VerdictKind::spurious_failure, "needs no more runs", kEnd,
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return no_node(); })},
      {"fails_without_cause", VerdictKind::spurious_failure, "has a cause", kHole,
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return -ENOMEM; })},
      {"fails_with_memory", VerdictKind::spurious_failure, "while there is memory", kHole,
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return no_node(); })},
      {"failure_loses_the_tail", VerdictKind::failure_atomicity, "changes nothing",
       kHole + "at task0.0 range_tree.split#1: fail\n",
       clears([](RangeTreeSubject& honest, std::uint64_t start, std::uint64_t length) {
         const int result = honest.range_tree_clear(start, length);
         if (result != 0) static_cast<void>(honest.range_tree_clear(start, 64 - start));
         return result;
       })},
      {"failure_changes_the_range", VerdictKind::failure_atomicity, "changes nothing",
       kHole + "at task0.0 range_tree.split#1: fail\n",
       clears([](RangeTreeSubject& honest, std::uint64_t start, std::uint64_t length) {
         const int result = honest.range_tree_clear(start, length);
         return result != 0 ? honest.range_tree_clear(start, length), result : result;
       })},
      {"clears_nothing", VerdictKind::difference, "what it names", kEnd,
       clears([](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return 0; })},
      {"clears_too_much", VerdictKind::conservation, "does not name", kEnd,
       clears([](RangeTreeSubject& honest, std::uint64_t start, std::uint64_t length) {
         return honest.range_tree_clear(start, length + 1);
       })},
      {"sets_too_little", VerdictKind::difference, "what it names",
       "task0: clear(0, 64)\nset(3, 4)\n",
       [](RogueTree& rogue) {
         rogue.on_set = [](RangeTreeSubject& honest, std::uint64_t start, std::uint64_t length) {
           return honest.range_tree_set(start, length < 64 ? length - 1 : length);
         };
       }},
      {"takes_many_steps", VerdictKind::no_progress, "few steps", kEnd,
       clears([](RangeTreeSubject& honest, std::uint64_t start, std::uint64_t length) {
         for (int i = 0; i < 2000; ++i) static_cast<void>(Sim::fails(bpf::site::range_new, false));
         return honest.range_tree_clear(start, length);
       })},
  };
}

std::vector<Crime> crimes_of_questions() {
  return {
      {"denies_what_is_set", VerdictKind::difference, "is set if", "task0: is_set(0, 4)\n",
       [](RogueTree& rogue) {
         rogue.on_is_set = [](RangeTreeSubject&, std::uint64_t, std::uint64_t) { return -ESRCH; };
       }},
      {"finds_nothing", VerdictKind::spurious_failure, "what is there is found", "task0: find(4)\n",
       finds(-ENOENT)},
      {"finds_the_wrong_run", VerdictKind::placement, "the smallest run",
       "task0: clear(4, 1)\nfind(4)\n", finds(5)},
      {"finds_what_is_not_there", VerdictKind::error_code, "is not found",
       "task0: clear(0, 64)\nfind(1)\n", finds(0)},
      {"lock_without_reason", VerdictKind::spurious_failure, "at the lock", kEnd,
       [](RogueTree& rogue) {
         rogue.on_lock = [](RangeTreeSubject&, IrqState&) { return -EDEADLK; };
       }},
      {"lock_excludes_nobody", VerdictKind::lock_state, "one owner",
       kHole + "nmi0: clear(0, 5)\nat task0.0 range_tree.split#1: nmi0\n",
       [](RogueTree& rogue) {
         rogue.on_lock = [](RangeTreeSubject& honest, IrqState& flags) {
           return Sim::context() == machine::Context::nmi ? 0
                                                          : honest.raw_res_spin_lock_irqsave(flags);
         };
       }},
  };
}

std::vector<Crime> crimes_of_structure() {
  return {
      {"unsound_tree", VerdictKind::structure, "in both of its orders", kEnd,
       [](RogueTree& rogue) { rogue.wrong = "two runs adjoin"; }},
      {"runs_that_adjoin", VerdictKind::difference, "what it names", kEnd,
       [](RogueTree& rogue) {
         rogue.change_runs = [](std::vector<Run>& runs) {
           if (!runs.empty() && runs[0].first == 5) runs = {{0, 1}, {5, 59}};
         };
       }},
      {"node_too_many", VerdictKind::conservation, "as many nodes", kEnd,
       [](RogueTree& rogue) { rogue.change_nodes = [](std::int64_t nodes) { return nodes + 1; }; }},
      {"destroy_keeps_runs", VerdictKind::difference, "what it names", "task0: destroy()\n",
       [](RogueTree& rogue) { rogue.on_destroy = [](RangeTreeSubject&) {}; }},
      {"object_in_use_at_rest", VerdictKind::conservation, "are free", "task0: take_objects(1)\n",
       [](RogueTree& rogue) { rogue.keeps_objects = true; }},
  };
}

struct Court {
  using Rogue = RogueTree;
  static engine::Target target() { return range_tree_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(RogueTree&)>& commit) {
    auto subject = std::make_unique<RogueTree>(simulation);
    commit(*subject);
    return std::make_unique<RangeTreeWorld>(simulation, std::move(subject));
  }
};

using RangeTreeCrimes = Crimes<Court>;

TEST_P(RangeTreeCrimes, AreFound) {
  expect_guilty(GetParam(), "anyctx 1 target=range_tree cpus=1\n");
}

INSTANTIATE_TEST_SUITE_P(Changes, RangeTreeCrimes, ::testing::ValuesIn(crimes_of_changes()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Questions, RangeTreeCrimes, ::testing::ValuesIn(crimes_of_questions()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Structure, RangeTreeCrimes, ::testing::ValuesIn(crimes_of_structure()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
