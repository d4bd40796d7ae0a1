// ArenaScene: a small arena, an operation on it, and one that interrupts it.
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>

#include "fuzzers/native/stack.h"
#include "fuzzers/native/sweep_cases.h"
#include "lib/bpf/arena.h"

namespace anyctx::native {

template <machine::Machine M>
class ArenaScene {
 public:
  using Arena = bpf::Arena<M>;

  ArenaScene() : areas_(1), leaves_(page::leaf_groups_per_area(Stack<M>::kPageShift)) {
    kernel_->init(Stack<M>::kPageShift, areas_, leaves_);
    bpf::ArenaAttr attr;
    attr.max_entries = kSlots;
    attr.map_extra = kBase;
    const int error = Arena::create(
        {&stack_.pages, &stack_.slabs, kernel_.get(), &payer_, lock_cpus_.get()}, attr, arena_);
    ANYCTX_CHECK_OP(error, ==, 0);
  }

  enum class Role { outer, inner };
  void act_as(Role role) { mine_ = role == Role::outer ? &outer_ : &inner_; }

  // What a case is made of.

  void alloc(std::uint32_t count) {
    const std::uint64_t address =
        arena_->alloc_pages(0, count, page::kNoNode, 0, bpf::Sleeps::never);
    if (address == 0) return fail();
    mine_->add({address, count});
  }
  /// Does nothing if nothing is held.
  void free_first() {
    if (mine_->count == 0) return;
    const Range range = mine_->take_first();
    arena_->free_pages(range.address, range.count, bpf::Sleeps::never);
  }
  void reserve(std::uint32_t slot, std::uint32_t count) {
    if (arena_->reserve_pages(kBase + slot * kPage, count) != 0) fail();
  }
  void hold() {}

  /// At the end: what is wrong; empty if nothing is. `was_interrupted`: failing was legal.
  std::string check(bool was_interrupted) {
    if (outer_failed_ && !was_interrupted) return "an operation failed, and nothing was in its way";
    arena_->flush_deferred();
    if (std::string wrong = check_slots(); !wrong.empty()) return wrong;
    act_as(Role::outer);
    outer_failed_ = false;
    alloc(1);
    if (outer_failed_) return "nothing can be allocated any more";
    for (Ranges* const ranges : {&outer_, &inner_}) {
      while (ranges->count != 0) {
        const Range range = ranges->take_first();
        arena_->free_pages(range.address, range.count, bpf::Sleeps::may);
      }
    }
    arena_->flush_deferred();
    if (!arena_->peek_tree().audit().empty()) return std::string(arena_->peek_tree().audit());
    if (arena_->peek_pages().peek_count() != 0) return "a page stays in an empty arena";
    if (!Arena::destroy(arena_)) return "an arena that nobody uses cannot be destroyed";
    return std::string(stack_.settle());
  }

 private:
  static constexpr std::uint32_t kSlots = 64;
  static constexpr std::uint64_t kBase = 0x7f7d'0000'0000;
  static constexpr std::uint64_t kPage = std::uint64_t{1} << Stack<M>::kPageShift;

  struct Range {
    std::uint64_t address = 0;
    std::uint32_t count = 0;
  };
  /// No allocation: code that interrupts other code may use its own.
  struct Ranges {
    std::array<Range, 32> all;
    std::size_t count = 0;
    void add(const Range& range) {
      ANYCTX_CHECK_OP(count, <, all.size());
      all[count++] = range;
    }
    Range take_first() {
      const Range range = all[0];
      all[0] = all[--count];
      return range;
    }
  };

  void fail() { outer_failed_ = outer_failed_ || mine_ == &outer_; }

  /// Every slot that is held has one holder, and a page of its own.
  std::string check_slots() const {
    std::set<std::uint64_t> held;
    for (const Ranges* const ranges : {&outer_, &inner_}) {
      for (std::size_t i = 0; i < ranges->count; ++i) {
        for (std::uint32_t k = 0; k < ranges->all[i].count; ++k) {
          const std::uint64_t slot = (ranges->all[i].address - kBase) / kPage + k;
          if (slot >= kSlots) return "a slot that the arena does not have";
          if (!held.insert(slot).second) return "a slot was handed out twice";
        }
      }
    }
    std::set<const void*> pages;
    std::size_t mapped = 0;
    arena_->peek_pages().area().table().peek_each(
        [&](std::uint64_t, const page::Page<M>* page, bool) {
          if (arena_->peek_pages().is_scratch(page)) return;
          ++mapped;
          pages.insert(page);
        });
    if (pages.size() != mapped) return "a page is mapped twice";
    if (mapped != held.size()) return "slots that are held are mapped, and no others";
    return {};
  }

  Stack<M> stack_{{}};
  std::vector<page::KernelArea<M>> areas_;
  std::vector<page::LeafGroup<M>> leaves_;
  page::MemCgroup<M> payer_;
  std::unique_ptr<page::KernelSpace<M>> kernel_ = std::make_unique<page::KernelSpace<M>>();
  std::unique_ptr<sync::RqCpus<M>> lock_cpus_ = std::make_unique<sync::RqCpus<M>>();
  Arena* arena_ = nullptr;
  Ranges outer_;
  Ranges inner_;
  Ranges* mine_ = &outer_;
  bool outer_failed_ = false;
};

template <machine::Machine M>
inline constexpr Case<ArenaScene<M>> kArenaCases[] = {
    {"bpf_arena_alloc_pages, one", [](auto&) {}, [](auto& s) { s.alloc(1); }},
    {"bpf_arena_alloc_pages, three, between others",
     [](auto& s) { s.alloc(4), s.alloc(1), s.free_first(); }, [](auto& s) { s.alloc(3); }},
    {"bpf_arena_free_pages, one of four", [](auto& s) { s.alloc(1), s.alloc(3); },
     [](auto& s) { s.free_first(); }},
    {"bpf_arena_free_pages, a run", [](auto& s) { s.alloc(4), s.alloc(1); },
     [](auto& s) { s.free_first(); }},
    {"bpf_arena_reserve_pages", [](auto&) {}, [](auto& s) { s.reserve(8, 4); }},
};

template <machine::Machine M>
inline constexpr Interruption<ArenaScene<M>> kArenaInterruptions[] = {
    {"alloc", [](auto& s) { s.alloc(1), s.alloc(2); }},
    {"alloc and free", [](auto& s) { s.alloc(1), s.alloc(2), s.free_first(); }},
};

struct ArenaPlay {
  template <class M>
  using Scene = ArenaScene<M>;
  template <class M>
  static constexpr auto& cases = kArenaCases<M>;
  template <class M>
  static constexpr auto& interruptions = kArenaInterruptions<M>;
};

}  // namespace anyctx::native
