// Raw memory access shared by the machines: builtins with a given order, and accesses to words
// inside memory that is marked free, which AddressSanitizer must not check.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lib/machine/pair.h"

// ANYCTX_ASAN may be given, too: code that is not instrumented marks memory for code that is.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(ANYCTX_ASAN)
#define ANYCTX_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define ANYCTX_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(ANYCTX_ASAN)
#define ANYCTX_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(ANYCTX_TSAN)
#define ANYCTX_TSAN 1
#endif

#ifdef ANYCTX_ASAN
#include <sanitizer/asan_interface.h>
#endif
#ifdef ANYCTX_TSAN
// Memory accesses of the current thread are not judged between the two; they nest.
extern "C" void __tsan_ignore_thread_begin();
extern "C" void __tsan_ignore_thread_end();
// What was done before the one comes before what is done after the other, by address.
extern "C" void __tsan_release(void* name);
extern "C" void __tsan_acquire(void* name);
#endif

namespace anyctx::machine::raw {

#ifdef ANYCTX_ASAN
inline constexpr bool kAsan = true;
#else
inline constexpr bool kAsan = false;
#endif
#ifdef ANYCTX_TSAN
inline constexpr bool kTsan = true;
#else
inline constexpr bool kTsan = false;
#endif

constexpr int builtin(std::memory_order order) {
  return static_cast<int>(order);
}

/// The order that a failed compare-and-swap may have.
constexpr std::memory_order failure_order(std::memory_order order) {
  if (order == std::memory_order_acq_rel) return std::memory_order_acquire;
  if (order == std::memory_order_release) return std::memory_order_relaxed;
  return order;
}

/// Whoever owns the memory may be writing to it meanwhile: not judged by TSan either. The order
/// holds all the same.
__attribute__((no_sanitize("address"))) inline void* load_link(void* const* link,
                                                               std::memory_order order) {
#ifdef ANYCTX_TSAN
  __tsan_ignore_thread_begin();
  void* const value = __atomic_load_n(link, builtin(order));
  __tsan_ignore_thread_end();
  return value;
#else
  return __atomic_load_n(link, builtin(order));
#endif
}

__attribute__((no_sanitize("address"))) inline void store_link(void** link, void* value,
                                                               std::memory_order order) {
  __atomic_store_n(link, value, builtin(order));
}

/// Memory that is marked free, or that never was an object: poison, red zones, metadata. Not
/// shared while it is accessed this way. The atomic builtins keep compilers from calling memset,
/// which AddressSanitizer checks.
__attribute__((no_sanitize("address"))) inline std::uint64_t load_hidden(const std::uint64_t* p) {
  return __atomic_load_n(p, __ATOMIC_RELAXED);
}
__attribute__((no_sanitize("address"))) inline void store_hidden(std::uint64_t* p,
                                                                 std::uint64_t value) {
  __atomic_store_n(p, value, __ATOMIC_RELAXED);
}

/// Eight times the same byte.
constexpr std::uint64_t word_of(std::uint8_t byte) {
  return byte * 0x0101010101010101u;
}
inline bool is_word_aligned(const void* p) {
  return reinterpret_cast<std::uintptr_t>(p) % sizeof(std::uint64_t) == 0;
}

/// Words where there are whole ones, bytes at the ends.
__attribute__((no_sanitize("address"))) inline void fill_hidden(void* p, std::uint8_t byte,
                                                                std::size_t n) {
  auto* at = static_cast<std::uint8_t*>(p);
  for (; n != 0 && !is_word_aligned(at); ++at, --n) __atomic_store_n(at, byte, __ATOMIC_RELAXED);
  for (; n >= sizeof(std::uint64_t); at += sizeof(std::uint64_t), n -= sizeof(std::uint64_t)) {
    store_hidden(reinterpret_cast<std::uint64_t*>(at), word_of(byte));
  }
  for (; n != 0; ++at, --n) __atomic_store_n(at, byte, __ATOMIC_RELAXED);
}

/// The first byte that differs from `byte`, or null.
__attribute__((no_sanitize("address"))) inline const void* find_other_hidden(const void* p,
                                                                             std::uint8_t byte,
                                                                             std::size_t n) {
  const auto* at = static_cast<const std::uint8_t*>(p);
  while (n != 0) {
    if (n >= sizeof(std::uint64_t) && is_word_aligned(at) &&
        load_hidden(reinterpret_cast<const std::uint64_t*>(at)) == word_of(byte)) {
      at += sizeof(std::uint64_t);
      n -= sizeof(std::uint64_t);
      continue;
    }
    if (__atomic_load_n(at, __ATOMIC_RELAXED) != byte) return at;
    ++at;
    --n;
  }
  return nullptr;
}

/// Compare-and-swap of both words; `locked` false is atomic only within one CPU.
inline bool cas2(Pair* pair, Pair& expected, Pair desired, bool locked) {
#if defined(__x86_64__) && !defined(ANYCTX_TSAN)
  bool done;
  if (locked) {
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*pair), "+a"(expected.first), "+d"(expected.second)
                     : "b"(desired.first), "c"(desired.second)
                     : "memory");
  } else {
    __asm__ volatile("cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(*pair), "+a"(expected.first), "+d"(expected.second)
                     : "b"(desired.first), "c"(desired.second)
                     : "memory");
  }
  return done;
#else
  (void)locked;
  unsigned __int128 want, put;
  __builtin_memcpy(&want, &expected, sizeof want);
  __builtin_memcpy(&put, &desired, sizeof put);
#ifdef ANYCTX_TSAN
  // It keeps order by address: this orders the first word. Who looks at the second alone comes
  // after, too.
  __tsan_release(&pair->second);
  __tsan_acquire(&pair->second);
#endif
  const bool done = __atomic_compare_exchange_n(reinterpret_cast<unsigned __int128*>(pair), &want,
                                                put, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
  __builtin_memcpy(&expected, &want, sizeof want);
  return done;
#endif
}

/// Load of both words, each atomic by itself.
inline Pair load2(const Pair* pair) {
  Pair result;
  result.first = __atomic_load_n(&pair->first, __ATOMIC_ACQUIRE);
  result.second = __atomic_load_n(&pair->second, __ATOMIC_ACQUIRE);
  return result;
}

inline void mark_free([[maybe_unused]] void* p, [[maybe_unused]] std::size_t n) {
#ifdef ANYCTX_ASAN
  __asan_poison_memory_region(p, n);
#endif
}

inline void mark_used([[maybe_unused]] void* p, [[maybe_unused]] std::size_t n) {
#ifdef ANYCTX_ASAN
  __asan_unpoison_memory_region(p, n);
#endif
}

}  // namespace anyctx::machine::raw
