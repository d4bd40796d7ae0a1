// Argument text: how arguments look, shared by printing and parsing.
#pragma once

#include <string>

#include "fuzzers/ops/schema.h"

namespace anyctx::program {

/// The argument that is printed as bare words ("zero|account") although it is optional: the only
/// optional set of flags of the operation. Its index; kMaxArgs if there is none or more than one.
constexpr std::size_t bare_flags(const OpSpec& spec) {
  std::size_t found = kMaxArgs;
  for (std::size_t i = 0; i < spec.args.size(); ++i) {
    if (!spec.args[i].optional || spec.args[i].kind != ArgKind::flags) continue;
    if (found != kMaxArgs) return kMaxArgs;
    found = i;
  }
  return found;
}

/// A value as programs have it: "64", "zero|account", "a", "cache2".
std::string value_text(const ArgSpec& spec, std::uint32_t value);
/// "64", "no".
std::string value_text(const ParamSpec& spec, std::uint32_t value);

}  // namespace anyctx::program
