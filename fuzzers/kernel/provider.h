// KernelProvider: who answers what kernel sources ask of the rest of their kernel. A subject is one
// while its program runs.
#pragma once

#include <cstddef>
#include <string_view>

namespace anyctx::target {

class KernelProvider {
 public:
  KernelProvider(const KernelProvider&) = delete;
  KernelProvider& operator=(const KernelProvider&) = delete;

  /// For a function of the kernel by this name.
  virtual void* allocate(std::size_t bytes, std::string_view caller) = 0;
  virtual void release(void* object) = 0;

  /// Kernel sources that run on this OS thread ask this one from now on.
  void set_current() { current_ = this; }
  /// Precondition: there is one.
  static KernelProvider& current();

 protected:
  KernelProvider() = default;
  ~KernelProvider();

 private:
  static thread_local constinit KernelProvider* current_;
};

}  // namespace anyctx::target
