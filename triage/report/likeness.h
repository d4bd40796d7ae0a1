// Likeness: whether one small program does all that another one does. If both show the same kind of
// verdict, the bigger one most likely shows the smaller one's bug.
#pragma once

#include <string>

namespace anyctx::triage {

/// True if every operation (by name) and every decision (by point and kind of action) of the text
/// `smaller` is in `bigger` too, as often.
bool does_all_of(const std::string& bigger, const std::string& smaller);

}  // namespace anyctx::triage
