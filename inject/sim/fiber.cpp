#include "inject/sim/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>

#include "inject/sim/unwatched.h"
#include "lib/machine/check.h"
#include "lib/machine/raw.h"

#ifdef ANYCTX_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef ANYCTX_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
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

}  // namespace

/// Keeps TSan's idea of what the current fiber is ignored for in step with Fiber::unwatched_.
struct Watching {
#ifdef ANYCTX_TSAN
  static thread_local constinit Fiber* current;  // null: a thread that never switched

  ANYCTX_UNINSTRUMENTED static void add(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      AnnotateIgnoreReadsBegin(nullptr, 0);
      AnnotateIgnoreWritesBegin(nullptr, 0);
    }
    if (current != nullptr) current->unwatched_ += count;
  }
  ANYCTX_UNINSTRUMENTED static unsigned drop(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      AnnotateIgnoreReadsEnd(nullptr, 0);
      AnnotateIgnoreWritesEnd(nullptr, 0);
    }
    if (current != nullptr) current->unwatched_ -= count;
    return count;
  }
  ANYCTX_UNINSTRUMENTED static unsigned drop_all() {
    return current == nullptr ? 0 : drop(current->unwatched_);
  }
  ANYCTX_UNINSTRUMENTED static void arrived_at(Fiber& fiber) {
    current = &fiber;
  }
#else
  static unsigned drop_all() {
    return 0;
  }
  static void arrived_at(Fiber&) {}
#endif
};

#ifdef ANYCTX_TSAN
constinit thread_local Fiber* Watching::current = nullptr;
ANYCTX_UNINSTRUMENTED void Unwatched::begin() {
  Watching::add(1);
}
ANYCTX_UNINSTRUMENTED void Unwatched::end() {
  Watching::drop(1);
}
ANYCTX_UNINSTRUMENTED Watched::Watched() : depth_(Watching::drop_all()) {}
ANYCTX_UNINSTRUMENTED Watched::~Watched() {
  Watching::add(depth_);
}
#endif

struct FiberEntry {
  ANYCTX_UNINSTRUMENTED static void arrive(ctx::transfer_t transfer, Fiber& self) {
    auto* handover = static_cast<Handover*>(transfer.data);
    handover->from->context_ = transfer.fctx;
    Watching::arrived_at(self);
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
#else
    (void)self;
#endif
  }

  ANYCTX_UNINSTRUMENTED static void begin(ctx::transfer_t transfer) {
    Fiber& self = *static_cast<Handover*>(transfer.data)->to;
    arrive(transfer, self);
    Watching::drop_all();  // of frames that were abandoned in the middle
    self.entry_(self.argument_);
    ANYCTX_CHECK(false && "a fiber's entry returned");
  }
};

Fiber::Fiber() {
#ifdef ANYCTX_TSAN
  tsan_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(std::size_t stack_bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  stack_bytes_ = (stack_bytes + page - 1) / page * page;
  void* mapping = ::mmap(nullptr, page + stack_bytes_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  stack_ = mapping_ + page;
  ANYCTX_CHECK(::mprotect(mapping_, page, PROT_NONE) == 0);
#ifdef ANYCTX_TSAN
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (mapping_ == nullptr) return;
#ifdef ANYCTX_TSAN
  __tsan_destroy_fiber(tsan_fiber_);
#endif
  machine::raw::mark_used(stack_, stack_bytes_);
  ::munmap(mapping_, static_cast<std::size_t>(stack_ - mapping_) + stack_bytes_);
}

void Fiber::start(Entry entry, void* argument) {
  ANYCTX_CHECK(stack_ != nullptr);
  // Frames that were abandoned in the middle left their red zones behind.
  if (started_) machine::raw::mark_used(stack_, stack_bytes_);
  entry_ = entry;
  argument_ = argument;
  fake_stack_ = nullptr;
  context_ = ctx::make_fcontext(stack_ + stack_bytes_, stack_bytes_, &FiberEntry::begin);
  started_ = true;
}

ANYCTX_UNINSTRUMENTED void Fiber::jump(Fiber& from, Fiber& to, Order order, bool last) {
  Handover handover{&from, &to};
#ifdef ANYCTX_ASAN
  const void* bottom = to.stack_ != nullptr ? to.stack_ : to.stack_bottom_;
  const std::size_t bytes = to.stack_ != nullptr ? to.stack_bytes_ : to.bottom_bytes_;
  __sanitizer_start_switch_fiber(last ? nullptr : &from.fake_stack_, bottom, bytes);
#else
  (void)last;
#endif
#ifdef ANYCTX_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber_, order == Order::none ? __tsan_switch_to_fiber_no_sync : 0);
#else
  (void)order;
#endif
  FiberEntry::arrive(ctx::jump_fcontext(to.context_, &handover), from);
}

ANYCTX_UNINSTRUMENTED void Fiber::switch_to(Fiber& from, Fiber& to, Order order) {
  jump(from, to, order, false);
}

ANYCTX_UNINSTRUMENTED void Fiber::leave(Fiber& from, Fiber& to, Order order) {
  Watching::drop_all();
  jump(from, to, order, true);
  __builtin_unreachable();
}

}  // namespace anyctx::inject
