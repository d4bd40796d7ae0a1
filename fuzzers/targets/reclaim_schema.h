// The reclaim target's schema: its operations, parameters and sites.
#pragma once

#include "fuzzers/ops/schema.h"

namespace anyctx::target {

/// Codes of the operations: the order of the table, which never changes.
enum class ReclaimOp : std::uint8_t {
  publish,
  unpublish,
  unpublish_spinning,
  read,
  borrow,
  push,
  take_list,
  walk,
  churn,
  synchronize,
  barrier,
  kvfree_rcu_barrier,
  deferred_work_barrier,
  shrink,
  recreate,
};

/// How what was unpublished is freed: the cases of docs/freeing.md with readers. In the order of
/// the parameter's words.
enum class Scheme : std::uint8_t {
  rcu,            // RCU readers only
  srcu_fast,      // every kind of reader
  typesafe_rcu,   // RCU readers only, objects reused at once
  typesafe_srcu,  // every kind of reader, objects reused at once
};

/// Whose calls are made with a lock of the scheduler, where they may be. In the order of the
/// parameter's words.
enum class RqLock : std::uint8_t { nobody, task1, tasks };

inline constexpr unsigned kReclaimSlots = 4;
inline constexpr unsigned kMostReclaimPages = 256;

extern const program::Schema kReclaimSchema;

}  // namespace anyctx::target
