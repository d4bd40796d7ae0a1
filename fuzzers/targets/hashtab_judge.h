// HashTabJudge: the oracles of a hash table: what calls may return, what readers find, and where
// each element is.
#pragma once

#include <string>

#include "fuzzers/targets/hashtab_model.h"
#include "fuzzers/targets/hashtab_subject.h"

namespace anyctx::target {

class HashTabJudge {
 public:
  HashTabJudge(inject::Simulation& simulation, HashTabSubject& subject)
      : simulation_(simulation), subject_(subject), inspector_(subject.inspector()) {}

  /// There is an empty table.
  void reset(const HashTabOptions& options);

  // Operations of the target that are in progress.

  void begin_op() { ++ops_; }
  /// If it was the last one, everything is where it belongs.
  void end_op();

  // Calls. They return what the subject returned.

  int update(std::uint64_t key, std::uint64_t flags);
  int remove(std::uint64_t key);
  /// Looks so many times more at what it finds.
  bool lookup(std::uint64_t key, std::uint32_t looks);

  void check_rest();

 private:
  using Serial = HashTabModel::Serial;
  struct Before {
    std::uint32_t causes = 0;
    std::uint64_t writes = 0;  // that had started
    bool others = false;       // some were in progress
    bool short_of_memory = false;
  };
  struct Call {
    std::uint64_t key = 0;
    std::uint64_t flags = 0;
    Serial after = 0;
    bool removes = false;
  };

  template <class F>
  int write(const Call& call, F perform);
  Before look() const;
  void judge_result(const Call& call, const Before& before, int result);
  bool is_possible(const Call& call, int result) const;
  void judge_lock(const Before& before, int result) const;
  void judge_full(const Before& before) const;
  void judge_no_memory(const Before& before) const;
  bool overlapped(const Before& before) const {
    return before.others || writes_started_ != before.writes + 1;
  }
  bool has_cause(const Before& before) const;
  bool was_injected(const Before& before) const;

  Serial found_in_bucket(std::uint64_t key);
  void settle(const Call& call, bool alone, int result);
  Serial serial_of(const void* element, std::uint64_t key) const;
  void check_found(const void* element, std::uint64_t key, bool overlapped);
  void check_shares();
  void check_buckets(HashTabInspector::Elements& seen);
  void check_places(HashTabInspector::Elements& seen);
  [[noreturn]] void stop(inject::VerdictKind kind, const char* rule, std::string expected,
                         std::string found) const;

  inject::Simulation& simulation_;
  HashTabSubject& subject_;
  const HashTabInspector& inspector_;
  HashTabOptions options_;
  HashTabModel model_;
  std::uint32_t ops_ = 0;             // in progress
  std::uint32_t writes_ = 0;          // updates and removals in progress
  std::uint64_t writes_started_ = 0;  // ever
  HashTabInspector::Elements list_;
  HashTabInspector::Elements seen_;
  HashTabInspector::Elements all_;
};

}  // namespace anyctx::target
