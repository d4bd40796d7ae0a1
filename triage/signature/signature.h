// Signature: what makes two findings the same one.
//
// Of a verdict: its kind, its rule, and the part of the state that does not vary. Rules about the
// result of a call go with the operation; those about locks and contexts with the sites involved,
// whichever operation came there; those about a state at rest with nothing else, since whoever
// looks next finds it. Of a sanitizer: its kind, the access, and the innermost frames of the
// subject.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace anyctx::triage {

struct Signature {
  std::string kind;       // for file names: "overlap", "heap-use-after-free", "timeout"
  std::string key;        // equal keys: the same finding
  std::string headline;   // one line for people
  std::string bug_class;  // see bug_class()
};

/// Of a verdict as `anyctx-run replay --json` prints it.
Signature signature_of_verdict(const nlohmann::json& verdict);

/// What a verdict has in common with others that break the same rule in the same place, whichever
/// operation they are about. No signature has it.
std::string place_of_verdict(const nlohmann::json& verdict);

/// Of what a process said before it ended. Without any headline the kind is "crash".
Signature signature_of_output(std::string_view output);

/// Of a run that does not end.
Signature signature_of_timeout();

/// A number with 8 hexadecimal digits that depends on every byte. Stable for ever.
std::string short_hash(std::string_view content);

}  // namespace anyctx::triage
