// KernelContract: by which contract kernel sources are judged. A part of the program.
#pragma once

namespace anyctx::target {

struct KernelContract {
  // By ours: what the kernel is known to do otherwise (docs/kernel.md) is a finding, too.
  bool strict = false;
  // A change of a range tree that fails may lose numbers: for a search beyond that finding.
  bool lossy = false;
};

}  // namespace anyctx::target
