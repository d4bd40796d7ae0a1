// Each oracle of the storage target fires: local storage that misbehaves in one way, and the
// verdict.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fuzzers/targets/storage_schema.h"
#include "fuzzers/targets/storage_target.h"
#include "fuzzers/targets/storage_world.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;

/// Does as the honest subject does, but where a function is set. It is given the honest one.
class Rogue final : public StorageSubject {
 public:
  explicit Rogue(inject::Simulation& simulation) : honest_(make_own_storage_subject(simulation)) {}

  std::function<void*(StorageSubject&, unsigned, unsigned)> on_lookup;
  std::function<int(StorageSubject&, unsigned, unsigned, const void*, std::uint64_t)> on_update;
  std::function<int(StorageSubject&, unsigned, unsigned)> on_remove;
  std::function<int(StorageSubject&, unsigned, unsigned)> on_fork;
  std::function<void(StorageSubject&, unsigned)> on_end;
  std::uint64_t more_charged = 0;  // to owner 1
  std::uint32_t more_elements = 0;
  std::int64_t lost = 0;
  bool idle = true;
  std::string_view wrong;

  void reset(const StorageOptions& options) override { honest_->reset(options); }
  bool create_map(unsigned map, const StorageMapSpec& spec) override {
    return honest_->create_map(map, spec);
  }
  void destroy_map(unsigned map) override { honest_->destroy_map(map); }
  void* lookup(unsigned owner, unsigned map) override {
    return on_lookup ? on_lookup(*honest_, owner, map) : honest_->lookup(owner, map);
  }
  int update(unsigned owner, unsigned map, const void* value, std::uint64_t flags) override {
    return on_update ? on_update(*honest_, owner, map, value, flags)
                     : honest_->update(owner, map, value, flags);
  }
  int remove(unsigned owner, unsigned map) override {
    return on_remove ? on_remove(*honest_, owner, map) : honest_->remove(owner, map);
  }
  int fork(unsigned parent, unsigned child) override {
    return on_fork ? on_fork(*honest_, parent, child) : honest_->fork(parent, child);
  }
  void end_owner(unsigned owner) override {
    on_end ? on_end(*honest_, owner) : honest_->end_owner(owner);
  }
  Token read_lock(bool srcu_fast) override { return honest_->read_lock(srcu_fast); }
  void read_unlock(bool srcu_fast, Token token) override { honest_->read_unlock(srcu_fast, token); }
  void synchronize() override { honest_->synchronize(); }
  void kvfree_rcu_barrier() override { honest_->kvfree_rcu_barrier(); }
  void* kmalloc_nolock(std::size_t size) override { return honest_->kmalloc_nolock(size); }
  void kfree_nolock(void* object) override { honest_->kfree_nolock(object); }
  const void* peek(unsigned owner, unsigned map) const override {
    return honest_->peek(owner, map);
  }
  std::uint64_t charged(unsigned owner) const override {
    return honest_->charged(owner) + (owner == 1 ? more_charged : 0);
  }
  std::uint64_t held(unsigned owner) const override { return honest_->held(owner); }
  std::uint32_t elements(unsigned owner) const override {
    return honest_->elements(owner) + more_elements;
  }
  bool locks_idle() const override { return idle && honest_->locks_idle(); }
  bool has_room() const override { return honest_->has_room(); }
  std::string_view audit() const override { return wrong.empty() ? honest_->audit() : wrong; }
  std::int64_t live_objects() const override { return honest_->live_objects() + lost; }

 private:
  std::unique_ptr<StorageSubject> honest_;
};

using Crime = CrimeOf<Rogue>;

constexpr std::size_t kValueBytes = 64;
const std::string kHead = "anyctx 1 target=storage cpus=2\n";
const std::string kFound = kHead + "task0: update(owner0, map0)\n lookup(owner0, map0, reader0)\n";

std::vector<Crime> crimes_of_values() {
  return {
      {"forgets", VerdictKind::difference, "finds the value that was stored last", kFound,
       [](Rogue& rogue) {
         rogue.on_lookup = [](StorageSubject&, unsigned, unsigned) -> void* { return nullptr; };
       }},
      {"keeps_the_old_one", VerdictKind::difference, "finds the value that was stored last",
       kHead + "task0: update(owner0, map0)\n lookup(owner0, map0, reader0)\n"
               " update(owner0, map0)\n lookup(owner0, map0, reader0)\n",
       [](Rogue& rogue) {
         // In memory of its own: the old one is gone.
         auto first = std::make_shared<std::vector<std::byte>>();
         rogue.on_lookup = [first](StorageSubject& honest, unsigned owner, unsigned map) -> void* {
           const auto* const value = static_cast<const std::byte*>(honest.lookup(owner, map));
           if (first->empty()) first->assign(value, value + kValueBytes);
           return first->data();
         };
       }},
      {"garbles", VerdictKind::content, "stays as it is while he reads", kFound,
       [](Rogue& rogue) {
         rogue.on_lookup = [](StorageSubject& honest, unsigned owner, unsigned map) {
           void* const value = honest.lookup(owner, map);
           std::memset(static_cast<std::byte*>(value) + 8, 0xee, 8);
           return value;
         };
       }},
      {"changes_under_a_reader", VerdictKind::content, "stays as it is while he reads",
       kFound + "task1: remove(owner0, map0)\nat task0.1 reclaim.look#1: run task1\n",
       [](Rogue& rogue) {
         rogue.on_remove = [](StorageSubject& honest, unsigned owner, unsigned map) {
           void* const value = const_cast<void*>(honest.peek(owner, map));
           const int result = honest.remove(owner, map);
           std::memset(static_cast<std::byte*>(value) + 8, 0xee, 8);
           return result;
         };
       }},
      {"keeps_what_was_removed", VerdictKind::conservation, "has the values that were stored",
       kHead + "task0: update(owner0, map0)\n remove(owner0, map0)\n",
       [](Rogue& rogue) {
         rogue.on_remove = [](StorageSubject&, unsigned, unsigned) { return 0; };
       }},
  };
}

std::vector<Crime> crimes_of_results() {
  const std::string update = kHead + "task0: update(owner0, map0)\n";
  const auto answer = [](int result) {
    return [result](Rogue& rogue) {
      rogue.on_update = [result](StorageSubject&, unsigned, unsigned, const void*, std::uint64_t) {
        return result;
      };
    };
  };
  return {
      {"busy", VerdictKind::spurious_failure, "only for a reason", update, answer(-EBUSY)},
      {"no_memory", VerdictKind::spurious_failure, "only for a reason", update, answer(-ENOMEM)},
      {"deadlock", VerdictKind::spurious_failure, "only for a reason", update, answer(-EDEADLK)},
      {"try_again", VerdictKind::spurious_failure, "only for a reason", update, answer(-EAGAIN)},
      {"exists", VerdictKind::error_code, "flags decide", update, answer(-EEXIST)},
      {"ignores_flags", VerdictKind::difference, "answers as the value that is stored",
       kHead + "task0: update(owner0, map0)\n update(owner0, map0, flags=1)\n",
       [](Rogue& rogue) {
         rogue.on_update = [](StorageSubject& honest, unsigned owner, unsigned map,
                              const void* value,
                              std::uint64_t) { return honest.update(owner, map, value, 0); };
       }},
      {"removal_needs_memory", VerdictKind::error_code, "a removal finds a value",
       kHead + "task0: update(owner0, map0)\n remove(owner0, map0)\n",
       [](Rogue& rogue) {
         rogue.on_remove = [](StorageSubject&, unsigned, unsigned) { return -ENOMEM; };
       }},
      {"removes_nothing", VerdictKind::difference, "answers as the value that is stored",
       kHead + "task0: remove(owner0, map0)\n",
       [](Rogue& rogue) {
         rogue.on_remove = [](StorageSubject&, unsigned, unsigned) { return 0; };
       }},
  };
}

std::vector<Crime> crimes_of_forks() {
  const std::string fork = kHead + "task0: update(owner0, map0)\n fork(owner0, owner1)\n";
  return {
      {"does_not_copy", VerdictKind::difference, "a child has its parent's values", fork,
       [](Rogue& rogue) { rogue.on_fork = [](StorageSubject&, unsigned, unsigned) { return 0; }; }},
      {"bails_out_with_the_parent", VerdictKind::failure_atomicity, "leaves the parent's values",
       fork + "at task0.1 storage.fork#1: fail\n",
       [](Rogue& rogue) {
         rogue.on_fork = [](StorageSubject& honest, unsigned parent, unsigned child) {
           const int result = honest.fork(parent, child);
           if (result != 0) honest.end_owner(parent);
           return result;
         };
       }},
      {"another_error", VerdictKind::error_code, "a child gets its parent's values", fork,
       [](Rogue& rogue) {
         rogue.on_fork = [](StorageSubject&, unsigned, unsigned) { return -EINVAL; };
       }},
      {"child_does_not_pay", VerdictKind::counter, "a child pays for what it has", fork,
       [](Rogue& rogue) {
         rogue.on_fork = [&rogue](StorageSubject& honest, unsigned parent, unsigned child) {
           rogue.more_charged = 8;
           return honest.fork(parent, child);
         };
       }},
  };
}

std::vector<Crime> crimes_of_ends() {
  return {
      {"charges_too_much", VerdictKind::counter, "an owner pays for what he has", kFound,
       [](Rogue& rogue) { rogue.more_charged = 8; }},
      {"has_more", VerdictKind::conservation, "has the values that were stored", kFound,
       [](Rogue& rogue) { rogue.more_elements = 1; }},
      {"never_ends", VerdictKind::counter, "who has ended pays for nothing", kFound,
       [](Rogue& rogue) { rogue.on_end = [](StorageSubject&, unsigned) {}; }},
      {"leaks", VerdictKind::conservation, "free in the end", kFound,
       [](Rogue& rogue) { rogue.lost = 1; }},
      {"keeps_a_lock", VerdictKind::lock_state, "nobody has a lock", kFound,
       [](Rogue& rogue) { rogue.idle = false; }},
      {"unsound", VerdictKind::structure, "are sound", kFound,
       [](Rogue& rogue) { rogue.wrong = "a list is broken"; }},
  };
}

struct Court {
  using Rogue = target::Rogue;
  static engine::Target target() { return storage_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(Rogue&)>& commit) {
    auto subject = std::make_unique<Rogue>(simulation);
    commit(*subject);
    return std::make_unique<StorageWorld>(simulation, std::move(subject));
  }
};

using StorageCrimes = Crimes<Court>;

TEST_P(StorageCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Values, StorageCrimes, ::testing::ValuesIn(crimes_of_values()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Results, StorageCrimes, ::testing::ValuesIn(crimes_of_results()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Forks, StorageCrimes, ::testing::ValuesIn(crimes_of_forks()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Ends, StorageCrimes, ::testing::ValuesIn(crimes_of_ends()), name_of_crime);

}  // namespace
}  // namespace anyctx::target
