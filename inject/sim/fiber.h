// Fiber: a stack and a place to continue, on one OS thread. Tells ASan and TSan about switches.
#pragma once

#include <cstddef>

namespace anyctx::inject {

/// A stackful coroutine. Reusable: start() may be called again after the entry function returned
/// or after the fiber was abandoned in the middle (its frames are then forgotten, not unwound).
class Fiber {
 public:
  /// What runs on the fiber. Must not return: it ends by switching away for good.
  using Entry = void (*)(void* argument);

  enum class Order : bool {
    none,   // TSan sees no happens-before between the two sides: they are like threads
    synced  // the switch orders everything before it
  };

  /// A fiber that stands for the calling thread: it has the thread's stack.
  Fiber();
  /// A fiber with a stack of its own, with a guard page. Throws std::bad_alloc.
  explicit Fiber(std::size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Prepares the fiber to run `entry(argument)` at the next switch to it.
  void start(Entry entry, void* argument);

  /// Continues `to`; returns when somebody switches back to `from`, the fiber that runs now.
  static void switch_to(Fiber& from, Fiber& to, Order order = Order::none);

  /// Like switch_to, but `from` will never be continued.
  [[noreturn]] static void leave(Fiber& from, Fiber& to, Order order = Order::none);

 private:
  static void jump(Fiber& from, Fiber& to, Order order, bool last);

  void* context_ = nullptr;       // where to continue
  std::byte* mapping_ = nullptr;  // guard page and stack
  std::byte* stack_ = nullptr;    // lowest usable byte
  std::size_t stack_bytes_ = 0;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  void* fake_stack_ = nullptr;          // ASan
  const void* stack_bottom_ = nullptr;  // ASan: of the thread's own stack, learnt at a switch
  std::size_t bottom_bytes_ = 0;
  void* tsan_fiber_ = nullptr;
  bool started_ = false;
  unsigned unwatched_ = 0;  // TSan: depth of Unwatched scopes

  friend struct FiberEntry;
  friend struct Watching;
};

}  // namespace anyctx::inject
