// Fiber: a stack and a place to continue, on one OS thread. Tells ASan and TSan about switches.
//
// For TSan a fiber is a thread: a switch orders nothing. Only start() and end() do.
#pragma once

#include <cstddef>
#include <functional>

namespace anyctx::inject {

/// A stackful coroutine. Reusable: start(), switch_to(), and end() when its function returned or
/// is given up in the middle (its frames are then forgotten, not unwound), and again.
class Fiber {
 public:
  /// What runs on the fiber. Returns the fiber to go on with.
  using Entry = Fiber& (*)(void* argument);

  /// A fiber that stands for a thread and has its stack.
  Fiber();
  /// A fiber with a stack of its own, with a guard page. Throws std::bad_alloc.
  explicit Fiber(std::size_t stack_bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// From now on this fiber stands for the caller: a thread, or what runs on another fiber.
  void stand_for_caller();

  /// Prepares the fiber to run `entry(argument)` at the next switch to it, unwatched. What `parent`
  /// did so far happens before that; what the caller did does not, unless it is the parent.
  void start(Entry entry, void* argument, const Fiber& parent);

  /// What the fiber did happens before what the caller does next. If its function has not returned,
  /// it is given up. Nothing if the fiber was not started.
  void end();

  /// Whether something lies on its stack. A thread's is not known.
  bool holds(const void* address) const {
    const auto* at = static_cast<const std::byte*>(address);
    return std::less_equal<>()(stack_, at) && std::less<>()(at, stack_ + stack_bytes_);
  }

  /// Continues `to`; returns when somebody switches back to `from`, the fiber that runs now.
  static void switch_to(Fiber& from, Fiber& to);

  /// Like switch_to, but `from` will never be continued.
  [[noreturn]] static void leave(Fiber& from, Fiber& to);

 private:
  static void jump(Fiber& from, Fiber& to, bool last);
  void drop_fake_stack();
  void prepare_identity(const Fiber& parent);
  void drop_identity();

  void* context_ = nullptr;       // where to continue
  std::byte* mapping_ = nullptr;  // guard page and stack
  std::byte* stack_ = nullptr;    // lowest usable byte
  std::size_t stack_bytes_ = 0;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  bool started_ = false;                // and not ended
  bool returned_ = false;               // the entry function did
  void* fake_stack_ = nullptr;          // ASan: while it does not run
  const void* stack_bottom_ = nullptr;  // ASan: of the thread's own stack, learnt at a switch
  std::size_t bottom_bytes_ = 0;
  void* identity_ = nullptr;  // TSan: null before the first start, and when given up
  bool watched_ = true;       // TSan: while it does not run

  friend struct FiberEntry;
};

}  // namespace anyctx::inject
