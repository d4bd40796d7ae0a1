// Pairs of functions that must compile to the same instructions: `machine_x` is written with the
// native machine, `plain_x` by hand. tests/golden/same_code compares them.
#include <atomic>

#include "lib/defer/llist.h"
#include "lib/machine/native.h"
#include "lib/sync/local_lock.h"
#include "lib/sync/spinlock.h"

using anyctx::machine::Native;
using anyctx::machine::Site;

namespace {

constexpr Site kSite{240};
using List = anyctx::defer::Llist<Native, kSite>;
using Lock = anyctx::sync::SpinLock<Native, kSite>;
using Word = anyctx::machine::Atomic<Native, std::uint64_t, kSite>;

struct PlainNode {
  PlainNode* next;
};

}  // namespace

extern "C" {

bool machine_llist_push(List& list, anyctx::defer::LlistNode* node) {
  return list.push(node);
}
bool plain_llist_push(std::atomic<PlainNode*>& list, PlainNode* node) {
  PlainNode* first = list.load(std::memory_order_relaxed);
  for (;;) {
    std::atomic_ref(node->next).store(first, std::memory_order_relaxed);
    if (list.compare_exchange_strong(first, node, std::memory_order_release,
                                     std::memory_order_relaxed)) {
      return first == nullptr;
    }
  }
}

void* machine_llist_take_all(List& list) {
  return list.take_all();
}
void* plain_llist_take_all(std::atomic<PlainNode*>& list) {
  return list.exchange(nullptr, std::memory_order_acquire);
}

std::uint64_t machine_add(Word& word, std::uint64_t value) {
  return word.fetch_add(value);
}
std::uint64_t plain_add(std::atomic<std::uint64_t>& word, std::uint64_t value) {
  return word.fetch_add(value, std::memory_order_relaxed);
}

bool machine_trylock(Lock& lock) {
  return lock.try_lock();
}
bool plain_trylock(std::atomic<std::uint32_t>& lock) {
  const bool got =
      lock.load(std::memory_order_relaxed) == 0 && lock.exchange(1, std::memory_order_acquire) == 0;
  if (got) return true;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // what preempt_enable() is natively
  return false;
}

void machine_unlock(Lock& lock) {
  lock.unlock();
}
void plain_unlock(std::atomic<std::uint32_t>& lock) {
  lock.store(0, std::memory_order_release);
}

bool machine_limit(std::uint64_t size) {
  return Native::fails(kSite, size > 8192);
}
bool plain_limit(std::uint64_t size) {
  return size > 8192;
}

// A pair that differs, to show that the comparison can fail: expected by same_code --self-test.
bool machine_self_test(std::uint64_t size) {
  return Native::fails(kSite, size > 4096);
}
bool plain_self_test(std::uint64_t size) {
  return size > 8192;
}
}
