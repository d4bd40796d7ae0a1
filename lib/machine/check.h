// CHECK: an invariant of our own code. Always on; prints and aborts; legal in every context.
#pragma once

#include <cstdint>

namespace anyctx::machine {

/// Prints "anyctx: CHECK failed: ..." with both values to standard error by write(2), then aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               std::uint64_t left, std::uint64_t right) noexcept;

}  // namespace anyctx::machine

#define ANYCTX_CHECK(condition)                      \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? void()                                      \
       : ::anyctx::machine::check_failed(#condition, __FILE__, __LINE__, 0, 0))

#define ANYCTX_CHECK_OP(a, op, b)                                               \
  (__builtin_expect(static_cast<bool>((a)op(b)), 1)                             \
       ? void()                                                                 \
       : ::anyctx::machine::check_failed(#a " " #op " " #b, __FILE__, __LINE__, \
                                         static_cast<std::uint64_t>(a),         \
                                         static_cast<std::uint64_t>(b)))
