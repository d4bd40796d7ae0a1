// Param words: how values of parameters are written that several targets have.
#pragma once

#include <string_view>

namespace anyctx::target {

inline constexpr std::string_view kNoYes[] = {"no", "yes"};
inline constexpr std::string_view kPageSizes[] = {"4k", "64k"};
inline constexpr std::string_view kDesigns[] = {"classic", "sheaves"};
inline constexpr std::string_view kDebug[] = {"no", "poison", "redzone",
                                              "all"};  // CacheDebug::of()

}  // namespace anyctx::target
