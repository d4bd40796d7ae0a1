// KernelContract: by which contract kernel sources are judged. A part of the program.
#pragma once

namespace anyctx::target {

struct KernelContract {
  // By ours: what the kernel is meant to do otherwise is a finding, too.
  bool strict = false;
  // Findings of docs/findings.md are passed over: for a search beyond them.
  bool passes_known = false;
};

}  // namespace anyctx::target
