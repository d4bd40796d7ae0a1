// Kernel params: what programs for kernel sources say besides those for ours: by which contract the
// sources are judged, and what their answers are compared with.
#pragma once

#include <string>
#include <vector>

namespace anyctx::triage {

/// `params` (NAME=VALUE) with what a search of kernel sources means by what it does not say: by the
/// kernel's contract, everything is reported, nothing is compared.
std::vector<std::string> kernel_params(std::vector<std::string> params);

/// Whether a parameter has a value among `params`.
bool says(const std::vector<std::string>& params, const std::string& name);

}  // namespace anyctx::triage
