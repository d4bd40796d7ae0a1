// Oracle family: the words by which lists of bugs say what should notice one.
#pragma once

#include <string_view>

namespace anyctx::triage {

/// Whether a finding of this kind (a verdict's, or a sanitizer's) is of a family such as
/// "leak / conservation". False for families that are not known.
bool is_of_family(std::string_view kind, std::string_view family);

}  // namespace anyctx::triage
