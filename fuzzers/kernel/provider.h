// KernelProvider: who answers what kernel sources ask of the rest of their kernel. A subject is one
// while its program runs.
#pragma once

#include <cstddef>
#include <string_view>

#include "fuzzers/kernel/current.h"

namespace anyctx::target {

class KernelProvider : public Current<KernelProvider> {
 public:
  /// For a function of the kernel by this name.
  virtual void* allocate(std::size_t bytes, std::string_view caller) = 0;
  virtual void release(void* object) = 0;

 protected:
  ~KernelProvider() = default;
};

}  // namespace anyctx::target
