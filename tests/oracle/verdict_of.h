// What a program comes to on a target, in the text form.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "fuzzers/engine/runner.h"
#include "fuzzers/ops/text.h"

namespace anyctx::target {

inline std::optional<inject::Verdict> verdict_of(const engine::Target& target,
                                                 const std::string& text) {
  const program::ParsedText parsed = program::parse_text(*target.schema, text);
  if (!parsed.program) {
    ADD_FAILURE() << program::to_string(parsed.error);
    return std::nullopt;
  }
  engine::Runner runner(target);
  return runner.run(*parsed.program).verdict;
}

}  // namespace anyctx::target
