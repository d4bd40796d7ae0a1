#include "triage/cli/kernel_params.h"

#include <algorithm>

namespace anyctx::triage {

bool says(const std::vector<std::string>& params, const std::string& name) {
  return std::any_of(params.begin(), params.end(),
                     [&](const std::string& param) { return param.starts_with(name + "="); });
}

std::vector<std::string> kernel_params(std::vector<std::string> params) {
  for (const char* unsaid : {"strict=no", "known=reported", "against=none"}) {
    const std::string param = unsaid;
    if (!says(params, param.substr(0, param.find('=')))) params.push_back(param);
  }
  return params;
}

}  // namespace anyctx::triage
