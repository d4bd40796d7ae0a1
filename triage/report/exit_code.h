// Exit codes of the tool.
#pragma once

namespace anyctx::triage {

inline constexpr int kExitClean = 0;
inline constexpr int kExitSetup = 2;
inline constexpr int kExitTimeout = 70;
inline constexpr int kExitBug = 77;

}  // namespace anyctx::triage
