#include "fuzzers/targets/arena_access_oracles.h"

#include <fmt/format.h>

#include <cstring>

#include "fuzzers/model/content.h"

namespace anyctx::target {
namespace {

using inject::VerdictKind;
using model::SlotState;

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

/// At the moment of an access, what it leads to is not free, and is what is mapped.
void judge_memory(const ArenaScene& scene, const ArenaAccess& access, const std::byte* memory,
                  std::string_view who) {
  const ArenaInspector& inspector = scene.inspector();
  model::LeafView leaf;
  const bool mapped = inspector.leaf(0, access.kernel_page, leaf);
  if (mapped && inspector.address(leaf.page) == memory) {
    if (!inspector.page(leaf.page).free) return;
    scene.accuse(VerdictKind::use_after_free, "a page that is mapped is not free",
                 fmt::format("the page in slot {} in use", access.slot), "free");
  }
  // Removed, and not forgotten yet by whoever came here: legal until the call that removed it ends.
  if (!mapped && (scene.calls() != 0 || scene.doomed || scene.stale)) return;
  if (mapped && !scene.strictness().reuse_after_flush) return;
  if (mapped && leaf.scratch) return;
  scene.accuse(VerdictKind::stale_translation, "an access goes to the page that is mapped",
               mapped ? fmt::format("page frame {}", leaf.page) : "no page",
               fmt::format("the {} goes to another page", who));
}

/// I18. `others`: calls are in progress that may replace the page.
void judge_word(const ArenaScene& scene, const ArenaAccess& access, const std::byte* memory,
                bool others) {
  const model::ShadowSlot& known = scene.shadow.slot(access.slot);
  if (!known.written) return;
  std::uint64_t word = 0;
  std::memcpy(&word, memory, kWordBytes);
  if (word == known.word) return;
  // The slot was given back, and has a page again that nobody wrote to.
  if (word == 0 && (known.doomed || scene.stale || others)) return;
  scene.accuse(VerdictKind::content, "memory has what was written there last",
               fmt::format("{} in slot {}", known.word, access.slot), fmt::format("{}", word));
}

/// Reads or writes. No decision can come between this and the judgement of the memory.
void perform(ArenaScene& scene, const ArenaAccess& access, std::byte* memory, bool others) {
  model::LeafView leaf;
  const bool mapped = scene.inspector().leaf(0, access.kernel_page, leaf);
  const bool known = mapped && access.slot < scene.shadow.size() && !leaf.scratch &&
                     scene.inspector().address(leaf.page) == memory;
  if (known) judge_word(scene, access, memory, others);
  if (!access.write) return;
  std::memcpy(memory, &access.word, kWordBytes);
  if (known) scene.shadow.write(access.slot, access.word);
}

}  // namespace

SlotBefore slot_before(const ArenaScene& scene, const ArenaAccess& access) {
  model::LeafView leaf;
  if (!scene.inspector().leaf(0, access.kernel_page, leaf)) return {};
  return {true, leaf.scratch, leaf.page};
}

void judge_program_access(ArenaScene& scene, const ArenaCall& call, const ArenaAccess& access,
                          const SlotBefore& before, std::byte* memory) {
  if (memory != nullptr) {
    judge_memory(scene, access, memory, "program");
    perform(scene, access, memory, scene.calls() != 0);
    return;
  }
  if (!call.alone || !call.settled || !before.mapped) return;
  scene.accuse(VerdictKind::difference, "a program can access what is mapped",
               fmt::format("access to slot {}", access.slot), "a fault");
}

void judge_kernel_access(ArenaScene& scene, const ArenaCall& call, const ArenaAccess& access,
                         const SlotBefore& before, bool covered, std::byte* memory) {
  if (memory != nullptr && !covered) {
    scene.accuse(VerdictKind::error_code, "kernel code is let through within the mapping only",
                 "an unhandled fault", "memory");
  }
  if (memory == nullptr) {
    if (!covered || !call.alone || call.causes != 0) return;
    scene.accuse(VerdictKind::spurious_failure,
                 "kernel code is let through where nothing is mapped", "memory",
                 "an unhandled fault");
  }
  judge_memory(scene, access, memory, "kernel");
  if (call.alone && call.settled && !before.mapped) {
    model::LeafView leaf;
    if (!scene.inspector().leaf(0, access.kernel_page, leaf) || !leaf.scratch) {
      scene.accuse(VerdictKind::conservation, "kernel code gets the scratch page, no other",
                   fmt::format("the scratch page in slot {}", access.slot), "something else");
    }
  }
  perform(scene, access, memory, scene.calls() != 0);
}

namespace {

/// A user gets a signal.
void judge_signal(ArenaScene& scene, const ArenaCall& call, const SlotBefore& before, bool has_vma,
                  bool segv, TouchResult signal) {
  if (!call.alone || !call.settled) return;
  const bool has_page = before.mapped && !before.scratch;
  const bool must = !has_vma || before.scratch || (segv && !has_page);
  if (must && signal == TouchResult::sigsegv) return;
  if (!must && call.excused) return;
  const bool short_of_memory =
      !scene.inspector().supply().objects_to_be_had || scene.inspector().supply().free_pages < 24;
  if (!must && signal == TouchResult::sigsegv && !has_page && short_of_memory && call.causes != 0)
    return;
  if (must && signal == TouchResult::sigbus && call.causes != 0) return;
  scene.accuse(must ? VerdictKind::error_code : VerdictKind::spurious_failure,
               "a user gets the page of the slot, or a new one, or a signal for a reason",
               must ? "SIGSEGV" : "the page",
               signal == TouchResult::sigsegv ? "SIGSEGV" : "SIGBUS");
}

void judge_new_page(ArenaScene& scene, std::uint32_t slot, const std::byte* memory) {
  const auto dirty = model::find_nonzero(memory, scene.geometry().page_bytes());
  if (!dirty) return;
  scene.accuse(VerdictKind::zero, "memory that an arena hands out is zeroed",
               fmt::format("slot {} zero", slot), fmt::format("not zero at byte {}", *dirty));
}

}  // namespace

void TouchJudge::touched(std::byte* memory) {
  const bool is_alone = call_.alone && call_.serial == scene_.serial();
  const bool had_page = before_.mapped && !before_.scratch;
  if (is_alone && call_.settled && !had_page) judge_new_page(scene_, access_.slot, memory);
  judge_memory(scene_, access_, memory, "user");
  perform(scene_, access_, memory, scene_.calls() > 1);
}

void judge_touch(ArenaScene& scene, ArenaLook& look, const ArenaCall& call,
                 const ArenaAccess& access, const SlotBefore& before, bool has_vma, bool segv,
                 TouchResult result) {
  const model::SlotRange range{access.slot, 1};
  if (result != TouchResult::done) {
    judge_signal(scene, call, before, has_vma, segv, result);
    if (call.causes != 0) scene.space.forget_order();  // the slot may have been taken for a while
    // The fault may have got its page before something else failed, the mapping went away, or the
    // process was ended.
    if ((!call.alone || !call.settled || call.causes != 0) && access.slot < scene.shadow.size()) {
      scene.shadow.widen(range, {SlotState::allocated});
      if (!scene.strictness().faults_keep_reservations)
        scene.shadow.widen(range, {SlotState::free});
      scene.shadow.forget_words(range);
    }
    look.look({.queued = false,
               .stranded = false,
               .lost = call.causes != 0 && !scene.strictness().tree_is_transactional});
    return;
  }
  const bool has_page = before.mapped && !before.scratch;
  if (call.alone && call.settled && (!has_vma || before.scratch || (segv && !has_page))) {
    scene.accuse(VerdictKind::error_code, "a user gets no page where it must get a signal",
                 "SIGSEGV", "memory");
  }
  if (!call.alone || (has_page && !call.settled)) {
    // The page that was there may be gone, and this one new.
    scene.shadow.widen(range, {SlotState::allocated});
    scene.shadow.forget_words(range);
  } else if (!has_page) {
    scene.shadow.allocated(range);
    scene.space.take(range);
    if (access.write) scene.shadow.write(access.slot, access.word);
  }
  look.look();
}

}  // namespace anyctx::target
