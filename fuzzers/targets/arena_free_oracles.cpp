#include "fuzzers/targets/arena_free_oracles.h"

#include <fmt/format.h>

#include <cerrno>

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using model::SlotRange;
using model::SlotState;

/// Errors that the call may return; 0: may succeed. None is more than there are.
struct Answers {
  int codes[4] = {1, 1, 1, 1};
  unsigned count = 0;
  void add(int code) { codes[count++] = code; }
  bool has(int code) const {
    for (unsigned i = 0; i < count; ++i) {
      if (codes[i] == code) return true;
    }
    return false;
  }
};

Answers answers_of(const ArenaScene& scene, const ArenaCall& call, std::uint64_t pointer,
                   std::uint32_t count) {
  const model::ArenaGeometry arena = scene.geometry();
  Answers answers;
  if (count == 0) {
    answers.add(0);
  } else if (pointer % arena.page_bytes() != 0) {
    // The kernel answers 0 and reserves nothing.
    answers.add(0);
    answers.add(-EINVAL);
  } else if (!arena.is_inside(pointer, count)) {
    answers.add(-EINVAL);
  } else if (!call.alone || !call.settled) {
    answers.add(0);
    answers.add(-EBUSY);
    answers.add(-ENOMEM);
  } else {
    const bool room = scene.space.all_free({arena.slot(pointer), count});
    answers.add(room ? 0 : -EBUSY);
    if (call.causes != 0) answers.add(-EBUSY);
    if (call.causes != 0) answers.add(-ENOMEM);
  }
  return answers;
}

std::string describe(const Answers& answers) {
  std::string text;
  for (unsigned i = 0; i < answers.count; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : " or ", answers.codes[i]);
  }
  return text;
}

}  // namespace

void judge_free(ArenaScene& scene, ArenaLook& look, const ArenaCall& call, SlotRange range,
                bool sleepable) {
  // Where the lock is not to be had, a call that may sleep does what others do.
  const bool is_deferred = !sleepable || call.causes != 0;
  const bool may_be_refused = call.causes > (sleepable ? 1u : 0u);
  if (!range.empty()) {
    if (is_deferred) {
      // What was handed out meanwhile is not covered.
      scene.shadow.queued(range, may_be_refused || !call.alone);
      scene.doomed = true;
    } else if (call.alone) {
      scene.shadow.freed(range);
      if (call.settled) scene.space.give(range);
    }
    if (!call.alone) {
      scene.shadow.widen(range, {SlotState::free});
      scene.space.forget_order();
      scene.shadow.forget_words(range);
    }
  }
  look.look({.queued = false,
             .stranded = false,
             .lost = call.causes != 0 && !scene.strictness().tree_is_transactional});
}

void judge_reservation(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                       std::uint64_t pointer, std::uint32_t count, int result) {
  const model::ArenaGeometry arena = scene.geometry();
  const Answers answers = answers_of(scene, call, pointer, count);
  if (!answers.has(result)) {
    const bool spurious = result != 0 && answers.has(0) && call.causes == 0;
    scene.accuse(spurious ? VerdictKind::spurious_failure : VerdictKind::error_code,
                 "a reservation is answered by what it covers",
                 fmt::format("{} for {} pages", describe(answers), count),
                 fmt::format("{}", result));
  }
  const bool covers = count != 0 && pointer % arena.page_bytes() == 0;
  if (result == 0 && covers) {
    const SlotRange range{arena.slot(pointer), count};
    if (call.alone) {
      scene.shadow.reserved(range);
      scene.space.take(range);
    } else {
      scene.shadow.widen(range, {SlotState::reserved});
      scene.space.forget_order();
    }
  }
  look.look({.queued = false,
             .stranded = false,
             .lost = result != 0 && call.causes != 0 && !scene.strictness().tree_is_transactional,
             .failed = result != 0 && call.alone});
}

}  // namespace anyctx::target
