// The threads machine: Native, with a synchronous hook before each primitive, where code can be
// entered as an interrupt would enter it.
//
// For real threads under sanitizers, and for trying what an interruption does at each primitive.
// A signal would come late under ThreadSanitizer, or not at all.
#pragma once

#include "lib/machine/native.h"

namespace anyctx::inject {

struct Threads : machine::Native {
  using Site = machine::Site;
  using Verb = machine::Verb;
  using Pair = machine::Pair;

  /// Called before a primitive of the thread that set it; not while it runs itself.
  struct Hook {
    void (*call)(void* self, machine::PointId point);  // null: nobody
    void* self;
  };
  static void set_hook(Hook hook) { hook_ = hook; }

  // Shared memory.
  template <class T>
  static T load(Site site, const T* p, std::memory_order order) {
    visit(site, Verb::load);
    return Native::load(site, p, order);
  }
  template <class T>
  static void store(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::store);
    Native::store(site, p, value, order);
  }
  template <class T>
  static T exchange(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::exchange(site, p, value, order);
  }
  template <class T>
  static bool cas(Site site, T* p, T& expected, T desired, std::memory_order order) {
    visit(site, Verb::cas);
    return Native::cas(site, p, expected, desired, order);
  }
  template <class T>
  static T fetch_add(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::fetch_add(site, p, value, order);
  }
  template <class T>
  static T fetch_or(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::fetch_or(site, p, value, order);
  }
  template <class T>
  static T fetch_and(Site site, T* p, T value, std::memory_order order) {
    visit(site, Verb::rmw);
    return Native::fetch_and(site, p, value, order);
  }
  static Pair load2(Site site, const Pair* p) {
    visit(site, Verb::load);
    return Native::load2(site, p);
  }
  static bool cas2(Site site, Pair* p, Pair& expected, Pair desired) {
    visit(site, Verb::cas);
    return Native::cas2(site, p, expected, desired);
  }
  template <class Here>
  static bool cpu_cas2(Site site, Here here, Pair& expected, Pair desired) {
    visit(site, Verb::cas);
    return Native::cpu_cas2(site, here, expected, desired);
  }
  static void* load_link(Site site, void* const* link, std::memory_order order) {
    visit(site, Verb::load);
    return Native::load_link(site, link, order);
  }
  static void store_link(Site site, void** link, void* value, std::memory_order order) {
    visit(site, Verb::store);
    Native::store_link(site, link, value, order);
  }

  // Lock words.
  static bool try_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::trylock);
    return Native::try_lock(site, word);
  }
  static void lock(Site site, std::uint32_t* word) {
    visit(site, Verb::lock);
    Native::lock(site, word);
  }
  static void unlock(Site site, std::uint32_t* word) {
    visit(site, Verb::unlock);
    Native::unlock(site, word);
  }
  static bool local_try_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::trylock);
    return Native::local_try_lock(site, word);
  }
  static void local_lock(Site site, std::uint32_t* word) {
    visit(site, Verb::lock);
    Native::local_lock(site, word);
  }
  static void local_unlock(Site site, std::uint32_t* word) {
    visit(site, Verb::unlock);
    Native::local_unlock(site, word);
  }
  static bool local_is_locked(Site site, const std::uint32_t* word) {
    visit(site, Verb::test);
    return Native::local_is_locked(site, word);
  }

  // Environment.
  static bool fails(Site site, bool condition) {
    visit(site, Verb::limit);
    return condition;
  }
  static void probe(Site site) { visit(site, Verb::probe); }

 private:
  static void visit(Site site, Verb verb) {
    const Hook hook = hook_;
    if (hook.call == nullptr) return;
    hook_ = {};
    hook.call(hook.self, machine::point(site, verb));
    hook_ = hook;
  }
  [[gnu::tls_model("initial-exec")]] static inline thread_local constinit Hook hook_{};
};

}  // namespace anyctx::inject
