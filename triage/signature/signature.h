// Signature: what makes two findings the same one.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace anyctx::triage {

struct Signature {
  std::string kind;      // for file names: "overlap", "heap-use-after-free", "timeout"
  std::string key;       // equal keys: the same finding
  std::string headline;  // one line for people
};

/// True if this line begins a report: of a verdict, a failed CHECK, a sanitizer or libFuzzer.
bool is_headline(std::string_view line);

/// Of a verdict as `anyctx-run replay --json` prints it: its kind, its rule and the operation.
Signature signature_of_verdict(const nlohmann::json& verdict);

/// Of what a process said before it ended: the sanitizer's summary names the place. Without any
/// headline the kind is "crash".
Signature signature_of_output(std::string_view output);

/// A number with 8 hexadecimal digits that depends on every byte. Stable for ever.
std::string short_hash(std::string_view content);

}  // namespace anyctx::triage
