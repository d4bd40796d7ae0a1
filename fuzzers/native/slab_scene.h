// SlabScene: a small heap in a chosen state, an operation on it, and one that interrupts it.
#pragma once

#include <string>

#include "fuzzers/native/holdings.h"
#include "fuzzers/native/stack.h"
#include "fuzzers/native/sweep_cases.h"

namespace anyctx::native {

template <machine::Machine M>
class SlabScene {
 public:
  explicit SlabScene(const slab::Config& config) : stack_(config) {}

  /// Who acts: the operation, or the code that interrupts it.
  enum class Role { outer, inner };
  void act_as(Role role) { mine_ = role == Role::outer ? &outer_ : &inner_; }

  // What a case is made of. All of it but prepare() is for every context.

  /// Held by the outer role: `count` objects, as a task gets them.
  void prepare(std::size_t size, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      void* const object = stack_.slabs.kmalloc(size, page::gfp::kernel);
      ANYCTX_CHECK(object != nullptr);
      outer_.add({static_cast<std::uint8_t*>(object), size});
    }
  }
  /// As a task frees them: the first ones of those.
  void release(unsigned count) {
    for (unsigned i = 0; i < count; ++i) stack_.slabs.kfree(outer_.take(0).memory);
  }
  void alloc(std::size_t size) {
    got({static_cast<std::uint8_t*>(stack_.slabs.kmalloc_nolock(size, page::Gfp::none)), size});
  }
  // These do nothing if nothing is held.
  void free_last() {
    if (mine_->count() != 0) free_at(mine_->count() - 1);
  }
  void free_first() {
    if (mine_->count() != 0) free_at(0);
  }
  void free_last_rcu() {
    if (mine_->count() == 0) return;
    void* const object = mine_->take_unseen(mine_->count() - 1).memory;
    stack_.slabs.kfree_rcu_nolock(static_cast<defer::LlistNode*>(object));
  }
  void alloc_pages(unsigned order) {
    page::Page<M>* const page =
        stack_.pages.alloc_pages_nolock(page::Gfp::none, page::kNoNode, order);
    void* const memory = page == nullptr ? nullptr : stack_.pages.address(page);
    got({static_cast<std::uint8_t*>(memory), std::size_t{1} << (order + Stack<M>::kPageShift),
         order, true});
  }
  void free_pages() {
    if (mine_->count() != 0) give_pages(mine_->take_unseen(mine_->count() - 1));
  }

  /// What was got is held from now on. The operation that is tried leaves this for later: filling
  /// memory is not part of it.
  void hold() {
    for (; got_ != 0; --got_) outer_.add(new_[got_ - 1]);
  }

  /// At the end: what is wrong; empty if nothing is. `was_interrupted`: failing was legal.
  std::string check(bool was_interrupted) {
    hold();
    if (outer_failed_ && !was_interrupted) return "an operation failed, and nothing was in its way";
    if (!outer_.are_intact() || !inner_.are_intact()) return "memory was handed out twice";
    act_as(Role::outer);
    if (!can_go_on()) return "nothing can be allocated any more";
    for (Holdings* const holdings : {&outer_, &inner_}) {
      while (holdings->count() != 0) give(holdings->take(0));
    }
    if (!outer_.are_intact() || !inner_.are_intact()) return "memory was handed out twice";
    return std::string(stack_.settle());
  }

 private:
  void got(const Holdings::Block& block) {
    if (block.memory == nullptr) {
      outer_failed_ = outer_failed_ || mine_ == &outer_;
    } else if (mine_ == &inner_) {
      inner_.add(block);
    } else {
      ANYCTX_CHECK_OP(got_, <, new_.size());
      new_[got_++] = block;
    }
  }
  void free_at(std::size_t index) { stack_.slabs.kfree_nolock(mine_->take_unseen(index).memory); }
  bool can_go_on() {
    for (const std::size_t size : {std::size_t{96}, std::size_t{1024}}) {
      void* const object = stack_.slabs.kmalloc_nolock(size, page::Gfp::none);
      if (object == nullptr) return false;
      outer_.add({static_cast<std::uint8_t*>(object), size});
    }
    return true;
  }
  void give_pages(const Holdings::Block& block) {
    stack_.pages.free_pages_nolock(stack_.pages.page_of(block.memory), block.order);
  }
  void give(const Holdings::Block& block) {
    if (block.pages) {
      give_pages(block);
    } else {
      stack_.slabs.kfree(block.memory);
    }
  }

  Stack<M> stack_;
  Holdings outer_{1};
  Holdings inner_{0x81};
  Holdings* mine_ = &outer_;
  std::array<Holdings::Block, 8> new_{};
  std::size_t got_ = 0;
  bool outer_failed_ = false;
};

struct SlabVariant {
  const char* name;
  slab::Config config;
};

inline constexpr SlabVariant kSlabVariants[] = {
    {"classic", {}},
    {"encoded", {.encoded_freelist = true}},
    {"sheaves", {.design = slab::Design::sheaves}},
};

template <machine::Machine M>
inline constexpr Case<SlabScene<M>> kSlabCases[] = {
    {"kmalloc_nolock, objects at hand", [](auto& s) { s.prepare(96, 3); },
     [](auto& s) { s.alloc(96); }},
    {"kmalloc_nolock, a new slab", [](auto&) {}, [](auto& s) { s.alloc(1024); }},
    {"kmalloc_nolock, the CPU's slab is full", [](auto& s) { s.prepare(4096, 8); },
     [](auto& s) { s.alloc(4096); }},
    {"kmalloc_nolock, a slab of the node", [](auto& s) { s.prepare(4096, 24), s.release(12); },
     [](auto& s) { s.alloc(4096); }},
    {"kmalloc_nolock, whole pages", [](auto&) {}, [](auto& s) { s.alloc(12288); }},
    {"kfree_nolock, to the CPU's slab", [](auto& s) { s.prepare(96, 3); },
     [](auto& s) { s.free_first(); }},
    {"kfree_nolock, to another slab", [](auto& s) { s.prepare(4096, 12); },
     [](auto& s) { s.free_first(); }},
    {"kfree_rcu_nolock", [](auto& s) { s.prepare(96, 3); }, [](auto& s) { s.free_last_rcu(); }},
    {"alloc_pages_nolock", [](auto&) {}, [](auto& s) { s.alloc_pages(1); }},
    {"free_pages_nolock", [](auto& s) { s.alloc_pages(1); }, [](auto& s) { s.free_pages(); }},
};

template <machine::Machine M>
inline constexpr Interruption<SlabScene<M>> kSlabInterruptions[] = {
    {"alloc", [](auto& s) { s.alloc(96), s.alloc(1024), s.alloc(4096); }},
    {"alloc and free",
     [](auto& s) {
       s.alloc(96), s.alloc(96), s.free_first();
       s.alloc(1024), s.alloc(4096), s.free_last(), s.free_last();
     }},
    {"pages", [](auto& s) { s.alloc_pages(1), s.alloc_pages(0), s.free_pages(); }},
};

struct SlabPlay {
  template <class M>
  using Scene = SlabScene<M>;
  template <class M>
  static constexpr auto& cases = kSlabCases<M>;
  template <class M>
  static constexpr auto& interruptions = kSlabInterruptions<M>;
};

}  // namespace anyctx::native
