#include "inject/sim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>
#include <utility>

#include "inject/sim/unwatched.h"
#include "lib/machine/check.h"
#include "lib/machine/raw.h"

#ifdef ANYCTX_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef ANYCTX_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// Functions that straddle a switch must not be instrumented for TSan: they enter under one identity
// and leave under another.
#if defined(__clang__)
#define ANYCTX_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define ANYCTX_UNINSTRUMENTED __attribute__((noinline))
#endif

namespace anyctx::inject {
namespace ctx = boost::context::detail;

namespace {

/// What one side of a switch hands to the other.
struct Handover {
  Fiber* from;
  Fiber* to;
};

#ifdef ANYCTX_TSAN
constinit thread_local bool watched_now = true;

constexpr unsigned kOrdered = 0;
constexpr unsigned kUnordered = __tsan_switch_to_fiber_no_sync;

/// What `before` did so far happens before what `after` does next. Another may be running.
ANYCTX_UNINSTRUMENTED void order_identities(void* before, void* after) {
  void* const own = __tsan_get_current_fiber();
  if (before != own) __tsan_switch_to_fiber(before, kUnordered);
  __tsan_switch_to_fiber(after, kOrdered);
  if (after != own) __tsan_switch_to_fiber(own, kUnordered);
}
#endif

}  // namespace

#ifdef ANYCTX_TSAN
ANYCTX_UNINSTRUMENTED bool WatchScope::set(bool watched) {
  const bool before = watched_now;
  if (watched != before) {
    watched_now = watched;
    watched ? __tsan_ignore_thread_end() : __tsan_ignore_thread_begin();
  }
  return before;
}
#endif

struct FiberEntry {
  ANYCTX_UNINSTRUMENTED static void arrive(ctx::transfer_t transfer, Fiber& self) {
    auto* handover = static_cast<Handover*>(transfer.data);
    handover->from->context_ = transfer.fctx;
#ifdef ANYCTX_TSAN
    watched_now = self.watched_;
#endif
#ifdef ANYCTX_ASAN
    const void* bottom = nullptr;
    std::size_t bytes = 0;
    __sanitizer_finish_switch_fiber(self.fake_stack_, &bottom, &bytes);
    self.fake_stack_ = nullptr;
    // Where the fiber that we came from lives; the thread's own stack is known only from here.
    if (handover->from->stack_ == nullptr) {
      handover->from->stack_bottom_ = bottom;
      handover->from->bottom_bytes_ = bytes;
    }
#endif
    (void)self;
  }

  ANYCTX_UNINSTRUMENTED static void begin(ctx::transfer_t transfer) {
    Fiber& self = *static_cast<Handover*>(transfer.data)->to;
    arrive(transfer, self);
    Fiber& next = run(self);
    self.returned_ = true;
    // Not leave(): before a call that does not return, ASan clears what it knows of the whole
    // stack.
    Fiber::switch_to(self, next);
    __builtin_unreachable();
  }

  /// The last that happens on a stack.
  ANYCTX_UNINSTRUMENTED static void finish(ctx::transfer_t transfer) {
    Handover handover = *static_cast<Handover*>(transfer.data);
    arrive(transfer, *handover.to);
    Fiber::jump(*handover.to, *handover.from, true);
  }

  ANYCTX_UNINSTRUMENTED static Fiber& run(Fiber& self) {
    const Unwatched unwatched;
    return self.entry_(self.argument_);
  }
};

Fiber::Fiber() = default;

Fiber::Fiber(std::size_t stack_bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  stack_bytes_ = (stack_bytes + page - 1) / page * page;
  void* mapping = ::mmap(nullptr, page + stack_bytes_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  stack_ = mapping_ + page;
  ANYCTX_CHECK(::mprotect(mapping_, page, PROT_NONE) == 0);
}

Fiber::~Fiber() {
  if (mapping_ == nullptr) return;
  drop_fake_stack();
  drop_identity();
  machine::raw::mark_used(stack_, stack_bytes_);
  ::munmap(mapping_, static_cast<std::size_t>(stack_ - mapping_) + stack_bytes_);
}

ANYCTX_UNINSTRUMENTED void Fiber::prepare_identity([[maybe_unused]] const Fiber& parent) {
#ifdef ANYCTX_TSAN
  if (identity_ != nullptr) return order_identities(parent.identity_, identity_);
  // To create one is to order, too.
  void* const own = __tsan_get_current_fiber();
  if (parent.identity_ != own) __tsan_switch_to_fiber(parent.identity_, kUnordered);
  identity_ = __tsan_create_fiber(0);
  if (parent.identity_ != own) __tsan_switch_to_fiber(own, kUnordered);
  watched_ = true;
#endif
}

ANYCTX_UNINSTRUMENTED void Fiber::drop_identity() {
#ifdef ANYCTX_TSAN
  if (identity_ == nullptr) return;
  if (!watched_) {  // TSan ends the process if a thread ends that ignores accesses
    void* const own = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(identity_, kUnordered);
    __tsan_ignore_thread_end();
    __tsan_switch_to_fiber(own, kUnordered);
  }
  __tsan_destroy_fiber(std::exchange(identity_, nullptr));
#endif
}

/// Creating one costs hundreds of page faults, so a fiber keeps it between runs. ASan destroys it
/// for whoever runs on it only.
ANYCTX_UNINSTRUMENTED void Fiber::drop_fake_stack() {
#ifdef ANYCTX_ASAN
  if (fake_stack_ == nullptr) return;
  Fiber caller;
  caller.stand_for_caller();
  context_ = ctx::make_fcontext(stack_ + stack_bytes_, stack_bytes_, &FiberEntry::finish);
  jump(caller, *this, false);
  fake_stack_ = nullptr;
#endif
}

void Fiber::stand_for_caller() {
  ANYCTX_CHECK(stack_ == nullptr);
#ifdef ANYCTX_TSAN
  identity_ = __tsan_get_current_fiber();
#endif
}

void Fiber::start(Entry entry, void* argument, const Fiber& parent) {
  ANYCTX_CHECK(stack_ != nullptr);
  ANYCTX_CHECK(!started_ || returned_);
  entry_ = entry;
  argument_ = argument;
  started_ = true;
  returned_ = false;
  context_ = ctx::make_fcontext(stack_ + stack_bytes_, stack_bytes_, &FiberEntry::begin);
  prepare_identity(parent);
}

void Fiber::end() {
  if (!started_) return;
  started_ = false;
#ifdef ANYCTX_TSAN
  order_identities(identity_, __tsan_get_current_fiber());
#endif
  if (returned_) return;
  // Frames that were given up left their red zones behind, and are still on TSan's list of calls.
  machine::raw::mark_used(stack_, stack_bytes_);
  drop_fake_stack();
  drop_identity();
}

ANYCTX_UNINSTRUMENTED void Fiber::jump(Fiber& from, Fiber& to, bool last) {
  Handover handover{&from, &to};
#ifdef ANYCTX_ASAN
  const void* bottom = to.stack_ != nullptr ? to.stack_ : to.stack_bottom_;
  const std::size_t bytes = to.stack_ != nullptr ? to.stack_bytes_ : to.bottom_bytes_;
  __sanitizer_start_switch_fiber(last ? nullptr : &from.fake_stack_, bottom, bytes);
#else
  (void)last;
#endif
#ifdef ANYCTX_TSAN
  from.watched_ = watched_now;
  __tsan_switch_to_fiber(to.identity_, kUnordered);
#endif
  FiberEntry::arrive(ctx::jump_fcontext(to.context_, &handover), from);
}

ANYCTX_UNINSTRUMENTED void Fiber::switch_to(Fiber& from, Fiber& to) {
  ANYCTX_CHECK(to.stack_ == nullptr || to.started_);  // its stack was not given up
  jump(from, to, false);
}

ANYCTX_UNINSTRUMENTED void Fiber::leave(Fiber& from, Fiber& to) {
  jump(from, to, false);
  __builtin_unreachable();
}

}  // namespace anyctx::inject
