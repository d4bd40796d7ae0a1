// What programs come to with an arena that a test breaks.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

#include "fuzzers/targets/arena_schema.h"
#include "fuzzers/targets/arena_world.h"
#include "tests/oracle/arena_double.h"
#include "tests/oracle/verdict_of.h"

namespace anyctx::target {

/// The arena target with a subject of type S.
template <class S = ArenaDouble>
engine::Target arena_target_with() {
  return {.schema = &kArenaSchema,
          .what = "a plain arena",
          .memory_bytes = std::size_t{kMostArenaPages} << 12,
          .make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
            return std::make_unique<ArenaWorld>(simulation, std::make_unique<S>(simulation));
          }};
}

/// What a program comes to with a subject of type S. The program is given without its first line.
template <class S>
std::optional<inject::Verdict> arena_verdict_with(const std::string& parameters,
                                                  const std::string& lanes) {
  const engine::Target target = arena_target_with<S>();
  return verdict_of(target, "anyctx 1 target=arena " + parameters + "\n" + lanes);
}

/// The program must end in this verdict, for the reason that the rule states.
template <class S>
void expect_verdict(inject::VerdictKind kind, const std::string& rule, const std::string& lanes,
                    const std::string& parameters = "") {
  const auto verdict = arena_verdict_with<S>(parameters, lanes);
  ASSERT_TRUE(verdict.has_value()) << "nobody noticed";
  EXPECT_EQ(to_string(verdict->kind), to_string(kind)) << verdict->rule << ": " << verdict->found;
  EXPECT_THAT(verdict->rule, ::testing::HasSubstr(rule));
  EXPECT_NE(verdict->expected, verdict->found);
}

}  // namespace anyctx::target
