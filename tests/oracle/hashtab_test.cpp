// Each oracle of the hashtab target fires: tables that misbehave in one way, and the verdict.
#include <gtest/gtest.h>

#include <functional>

#include "fuzzers/targets/hashtab_target.h"
#include "fuzzers/targets/hashtab_world.h"
#include "inject/sim/sim_machine.h"
#include "lib/bpf/pool_sites.h"
#include "tests/oracle/crimes.h"

namespace anyctx::target {
namespace {

using inject::Sim;
using inject::VerdictKind;

/// Does as the honest table does, but where a function is set. It is given the honest one.
class RogueTable final : public HashTabSubject, private HashTabInspector {
 public:
  using Elements = HashTabInspector::Elements;

  explicit RogueTable(inject::Simulation& simulation)
      : honest_(make_own_hashtab_subject(simulation)) {}

  std::function<const void*(HashTabSubject&, std::uint64_t)> on_lookup;
  std::function<int(HashTabSubject&, std::uint64_t, const std::uint64_t*, std::uint64_t)> on_update;
  std::function<int(HashTabSubject&, std::uint64_t)> on_remove;
  std::function<void(HashTabSubject&)> on_free;
  std::function<void(const HashTabInspector&, std::uint32_t, Elements&)> change_bucket;
  std::function<void(std::uint32_t, Elements&)> change_free;
  std::function<std::uint64_t(std::uint64_t)> change_word;
  std::function<const void*(const HashTabInspector&, unsigned)> on_extra;
  bool no_end = false;
  std::uint32_t more_count = 0;
  std::uint32_t more_entries = 0;

  int reset(const HashTabOptions& options) override {
    HashTabOptions changed = options;
    changed.max_entries += more_entries;
    return honest_->reset(changed);
  }
  const HashTabInspector& inspector() const override { return *this; }
  Token rcu_read_lock() override { return honest_->rcu_read_lock(); }
  void rcu_read_unlock(Token token) override { honest_->rcu_read_unlock(token); }
  const void* htab_map_lookup_elem(std::uint64_t key) override {
    return on_lookup ? on_lookup(*honest_, key) : honest_->htab_map_lookup_elem(key);
  }
  int htab_map_update_elem(std::uint64_t key, const std::uint64_t* value,
                           std::uint64_t flags) override {
    return on_update ? on_update(*honest_, key, value, flags)
                     : honest_->htab_map_update_elem(key, value, flags);
  }
  int htab_map_delete_elem(std::uint64_t key) override {
    return on_remove ? on_remove(*honest_, key) : honest_->htab_map_delete_elem(key);
  }
  void htab_map_free() override { on_free ? on_free(*honest_) : honest_->htab_map_free(); }
  void* kmalloc_nolock() override { return honest_->kmalloc_nolock(); }
  void kfree_nolock(void* object) override { honest_->kfree_nolock(object); }
  std::int64_t settle() override { return honest_->settle(); }

 private:
  const HashTabInspector& honest() const { return honest_->inspector(); }

  std::uint32_t buckets() const override { return honest().buckets(); }
  std::uint32_t bucket_of(std::uint64_t key) const override { return honest().bucket_of(key); }
  bool list_bucket(std::uint32_t bucket, Elements& elements) const override {
    const bool ends = honest().list_bucket(bucket, elements);
    if (change_bucket) change_bucket(honest(), bucket, elements);
    return ends && !no_end;
  }
  std::uint64_t key_of(const void* element) const override { return honest().key_of(element); }
  std::uint64_t word_of(const void* element, std::uint32_t word) const override {
    const std::uint64_t value = honest().word_of(element, word);
    return change_word ? change_word(value) : value;
  }
  void list_all(Elements& elements) const override { honest().list_all(elements); }
  std::uint32_t free_lists() const override { return honest().free_lists(); }
  void list_free(std::uint32_t list, Elements& elements) const override {
    honest().list_free(list, elements);
    if (change_free) change_free(list, elements);
  }
  const void* extra(unsigned cpu) const override {
    return on_extra ? on_extra(honest(), cpu) : honest().extra(cpu);
  }
  std::uint32_t count() const override { return honest().count() + more_count; }
  bool has_room() const override { return honest().has_room(); }

  std::unique_ptr<HashTabSubject> honest_;
};

const std::string kHead = "anyctx 1 target=hashtab cpus=1 entries=4\n";
const std::string kDemand = "anyctx 1 target=hashtab cpus=1 entries=4 prealloc=no\n";
const std::string kGuarded = "anyctx 1 target=hashtab cpus=1 entries=4 locks=guarded\n";
const std::string kOne = "task0: update(key0)\n lookup(key0)\n";
const std::string kReplace = "task0: update(key0)\n update(key0)\n";
const std::string kReader =
    "anyctx 1 target=hashtab cpus=2 entries=4 prealloc=no\n"
    "task0: update(key0)\n lookup(key0, looks=1)\ntask1: update(key0)\n"
    "at task0.1 reclaim.look#1: run task1\n";

using Crime = CrimeOf<RogueTable>;

/// Updates that return this and do nothing; `claims`: they say that a condition held.
std::function<void(RogueTable&)> returns(int result, bool claims = false) {
  return [=](RogueTable& rogue) {
    rogue.on_update = [=](HashTabSubject&, std::uint64_t, const std::uint64_t*, std::uint64_t) {
      if (claims) static_cast<void>(Sim::fails(bpf::site::hashtab_busy, true));
      return result;
    };
  };
}

std::vector<Crime> crimes_of_results() {
  return {
      {"unknown_flags_pass", VerdictKind::error_code, "unknown flags are refused",
       kHead + "task0: update(key0, flags=3)\n",
       [](RogueTable& rogue) {
         rogue.on_update = [](HashTabSubject& honest, auto key, auto value, auto) {
           return honest.htab_map_update_elem(key, value, 0);
         };
       }},
      {"valid_flags_are_refused", VerdictKind::error_code, "unknown flags are refused",
       kHead + kOne, returns(-EINVAL)},
      {"unknown_code", VerdictKind::error_code, "does what its flags say", kHead + kOne,
       returns(-EIO)},
      {"no_exist_ignored", VerdictKind::error_code, "does what its flags say",
       kHead + "task0: update(key0)\n update(key0, flags=1)\n",
       [](RogueTable& rogue) {
         rogue.on_update = [](HashTabSubject& honest, auto key, auto value, auto) {
           return honest.htab_map_update_elem(key, value, 0);
         };
       }},
      {"exist_ignored", VerdictKind::error_code, "does what its flags say",
       kHead + "task0: update(key0, flags=2)\n",
       [](RogueTable& rogue) {
         rogue.on_update = [](HashTabSubject& honest, auto key, auto value, auto) {
           return honest.htab_map_update_elem(key, value, 0);
         };
       }},
      {"removes_what_is_not_there", VerdictKind::error_code, "does what its flags say",
       kHead + "task0: remove(key0)\n",
       [](RogueTable& rogue) { rogue.on_remove = [](HashTabSubject&, auto) { return 0; }; }},
      {"replacement_finds_the_table_full", VerdictKind::error_code, "does what its flags say",
       kHead + kReplace,
       [](RogueTable& rogue) {
         rogue.on_update = [](HashTabSubject& honest, auto key, auto value, auto) {
           return honest.htab_map_update_elem(key, value, 1) == 0 ? 0 : -E2BIG;
         };
       }},
      {"busy_where_locks_are_resilient", VerdictKind::error_code, "does what its flags say",
       kDemand + kOne, returns(-EBUSY, true)},
      {"deadlock_where_locks_spin", VerdictKind::error_code, "does what its flags say",
       kGuarded + kOne, returns(-EDEADLK, true)},
      {"no_memory_for_what_was_allocated", VerdictKind::error_code, "does what its flags say",
       kHead + kOne, returns(-ENOMEM, true)},
      {"lock_fails_without_a_cause", VerdictKind::spurious_failure, "does not get a lock",
       kHead + kOne, returns(-EDEADLK)},
      {"lock_fails_alone", VerdictKind::spurious_failure, "that nobody else is beside",
       kHead + kOne, returns(-EDEADLK, true)},
      {"full_too_early", VerdictKind::spurious_failure, "a table is full when", kHead + kOne,
       returns(-E2BIG)},
      {"no_memory_without_a_cause", VerdictKind::spurious_failure, "finds no memory has a cause",
       kDemand + kOne, returns(-ENOMEM)},
      {"no_memory_while_there_is_some", VerdictKind::spurious_failure, "while there is some",
       kDemand + kOne, returns(-ENOMEM, true)},
      {"success_does_nothing", VerdictKind::difference, "makes its key what it says", kHead + kOne,
       returns(0)},
      {"failure_does_something", VerdictKind::failure_atomicity, "that fails changes nothing",
       kHead + kReplace,
       [](RogueTable& rogue) {
         rogue.on_update = [](HashTabSubject& honest, auto key, auto value, auto) {
           static_cast<void>(honest.htab_map_update_elem(key, value, 0));
           static_cast<void>(Sim::fails(bpf::site::hashtab_busy, true));
           // Somebody else's fault, as far as one can tell.
           for (int i = 0; i < 30; ++i)
             static_cast<void>(Sim::fails(bpf::site::hashtab_busy, true));
           return -EDEADLK;
         };
       }},
  };
}

std::vector<Crime> crimes_of_lookups() {
  return {
      {"misses_a_key", VerdictKind::difference, "a key that is there is found", kHead + kOne,
       [](RogueTable& rogue) {
         rogue.on_lookup = [](HashTabSubject&, auto) -> const void* { return nullptr; };
       }},
      {"misses_while_an_update_stands_still", VerdictKind::difference,
       "a key that is there is found",
       kHead + "nmi0: lookup(key0)\n" + kReplace + "at task0.1 hashtab.extra_swap#1: nmi0\n",
       [](RogueTable& rogue) {
         rogue.on_lookup = [](HashTabSubject&, auto) -> const void* { return nullptr; };
       }},
      {"finds_another_key", VerdictKind::difference, "has the key that was looked for",
       kHead + "task0: update(key0)\n update(key1)\n lookup(key0)\n",
       [](RogueTable& rogue) {
         rogue.on_lookup = [](HashTabSubject& honest, auto) {
           return honest.htab_map_lookup_elem(1);
         };
       }},
      {"finds_what_was_removed", VerdictKind::difference, "the value that it was given last",
       kHead + "task0: update(key0)\n lookup(key0)\n remove(key0)\n lookup(key0)\n",
       [](RogueTable& rogue) {
         rogue.on_lookup = [first = static_cast<const void*>(nullptr)](HashTabSubject& honest,
                                                                       auto key) mutable {
           if (first == nullptr) first = honest.htab_map_lookup_elem(key);
           return first;
         };
       }},
      {"finds_an_old_value", VerdictKind::difference, "the value that it was given last",
       kHead + "task0: update(key0)\n lookup(key0)\n update(key0)\n lookup(key0)\n",
       [](RogueTable& rogue) {
         rogue.on_lookup = [first = static_cast<const void*>(nullptr)](HashTabSubject& honest,
                                                                       auto key) mutable {
           if (first == nullptr) first = honest.htab_map_lookup_elem(key);
           return first;
         };
       }},
      {"value_changes_under_a_reader", VerdictKind::content, "what a reader found stays", kReader,
       [](RogueTable& rogue) {
         rogue.on_update = [&rogue](HashTabSubject& honest, auto key, auto value, auto flags) {
           if (Sim::cpu() == 0) return honest.htab_map_update_elem(key, value, flags);
           const auto* const found =
               static_cast<const std::uint64_t*>(honest.htab_map_lookup_elem(key));
           auto* const word = const_cast<std::uint64_t*>(found);
           for (int i = 0; i < 8; ++i) {
             if (word[i] == rogue.inspector().word_of(found, 0)) {
               word[i] = value[0];
               break;
             }
           }
           return 0;
         };
       }},
      {"garbage_in_a_value", VerdictKind::content, "one that was written for its key", kHead + kOne,
       [](RogueTable& rogue) {
         rogue.change_word = [](std::uint64_t word) { return word ^ std::uint64_t{1} << 40; };
       }},
  };
}

std::vector<Crime> crimes_of_places() {
  return {
      {"shares_are_uneven", VerdictKind::placement, "equal shares", kHead + kOne,
       [](RogueTable& rogue) {
         rogue.change_free = [](std::uint32_t list, RogueTable::Elements& elements) {
           if (list == 0 && !elements.empty()) elements.pop_back();
         };
       }},
      {"bucket_has_no_end", VerdictKind::structure, "a bucket ends", kHead + kOne,
       [](RogueTable& rogue) { rogue.no_end = true; }},
      {"key_in_a_wrong_bucket", VerdictKind::structure, "belong in it",
       kHead + "task0: update(key1)\n",
       [](RogueTable& rogue) {
         rogue.change_bucket = [](const HashTabInspector& honest, std::uint32_t bucket,
                                  RogueTable::Elements& elements) {
           if (bucket == 0) honest.list_bucket(honest.bucket_of(1), elements);
         };
       }},
      {"key_comes_twice", VerdictKind::conservation, "in their buckets, once",
       kHead + "task0: update(key1)\n",
       [](RogueTable& rogue) {
         rogue.change_bucket = [](const HashTabInspector&, std::uint32_t,
                                  RogueTable::Elements& elements) {
           if (!elements.empty()) elements.push_back(elements[0]);
         };
       }},
      {"old_value_stays_in_the_bucket", VerdictKind::structure, "holds a key once",
       kHead + kReplace,
       [](RogueTable& rogue) {
         rogue.change_bucket = [](const HashTabInspector& honest, std::uint32_t bucket,
                                  RogueTable::Elements& elements) {
           // The one that was replaced is the extra one.
           const void* const extra = honest.extra(0);
           if (bucket == honest.bucket_of(0) && honest.word_of(extra, 0) != 0) {
             elements.push_back(extra);
           }
         };
       }},
      {"element_is_lost", VerdictKind::conservation, "as many elements", kHead + kOne,
       [](RogueTable& rogue) {
         rogue.change_free = [count = 0](std::uint32_t list,
                                         RogueTable::Elements& elements) mutable {
           if (list == 0 && ++count > 2) elements.pop_back();
         };
       }},
      {"extra_one_is_free_too", VerdictKind::conservation, "the extra one of a CPU", kHead + kOne,
       [](RogueTable& rogue) {
         rogue.on_extra = [](const HashTabInspector& honest, unsigned) {
           RogueTable::Elements free;
           honest.list_free(0, free);
           return free[0];
         };
       }},
      {"more_keys_than_there_may_be", VerdictKind::conservation, "no more keys than it may",
       "anyctx 1 target=hashtab cpus=1 entries=1 prealloc=no\n"
       "task0: update(key0)\n update(key1)\n",
       [](RogueTable& rogue) { rogue.more_entries = 1; }},
      {"counts_wrongly", VerdictKind::counter, "counts its elements", kDemand + kOne,
       [](RogueTable& rogue) { rogue.more_count = 1; }},
      {"memory_stays", VerdictKind::conservation, "goes with it", kHead + kOne,
       [](RogueTable& rogue) { rogue.on_free = [](HashTabSubject&) {}; }},
  };
}

struct Court {
  using Rogue = RogueTable;
  static engine::Target target() { return hashtab_target(); }
  static std::unique_ptr<engine::World> make_world(inject::Simulation& simulation,
                                                   const std::function<void(RogueTable&)>& commit) {
    auto subject = std::make_unique<RogueTable>(simulation);
    commit(*subject);
    return std::make_unique<HashTabWorld>(simulation, std::move(subject));
  }
};

using HashTabCrimes = Crimes<Court>;

TEST_P(HashTabCrimes, AreFound) {
  expect_guilty(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Results, HashTabCrimes, ::testing::ValuesIn(crimes_of_results()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Lookups, HashTabCrimes, ::testing::ValuesIn(crimes_of_lookups()),
                         name_of_crime);
INSTANTIATE_TEST_SUITE_P(Places, HashTabCrimes, ::testing::ValuesIn(crimes_of_places()),
                         name_of_crime);

}  // namespace
}  // namespace anyctx::target
