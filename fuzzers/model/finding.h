// Finding: a rule that a model found broken, with the two states that disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anyctx::model {

/// Which kind of rule it is.
enum class Fault : std::uint8_t { overlap, conservation, structure, counter, refcount };

struct Finding {
  Fault fault{};
  std::string_view rule;  // one sentence
  std::string expected;
  std::string found;
};

using MaybeFinding = std::optional<Finding>;

}  // namespace anyctx::model
