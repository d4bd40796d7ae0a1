// Current: which of several objects of a kind kernel sources speak to. One on each OS thread.
#pragma once

#include "lib/machine/check.h"

namespace anyctx::target {

/// A base of `T`.
template <class T>
class Current {
 public:
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

  /// Kernel sources that run on this OS thread ask this one from now on.
  void set_current() { current_ = this; }
  /// Precondition: there is one.
  static T& current() {
    ANYCTX_CHECK(current_ != nullptr);
    return static_cast<T&>(*current_);
  }

 protected:
  Current() = default;
  ~Current() {
    if (current_ == this) current_ = nullptr;
  }

 private:
  static inline thread_local constinit Current* current_ = nullptr;
};

}  // namespace anyctx::target
