// Crimes: subjects that misbehave in one way, and what they must be found guilty of.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "tests/oracle/verdict_of.h"

namespace anyctx::target {

template <class Rogue>
struct CrimeOf {
  std::string name;
  inject::VerdictKind verdict;
  std::string rule;  // part of it
  std::string program;
  std::function<void(Rogue&)> commit;

  friend std::ostream& operator<<(std::ostream& out, const CrimeOf& crime) {
    return out << crime.name;
  }
};

/// A `Court` names the Rogue, which is honest until `commit` was called, and makes its target() and
/// a world around it: make_world(simulation, commit).
template <class Court>
class Crimes : public ::testing::TestWithParam<CrimeOf<typename Court::Rogue>> {
 protected:
  using Rogue = typename Court::Rogue;
  using Commit = std::function<void(Rogue&)>;

  static std::optional<inject::Verdict> verdict(const std::string& text, Commit commit) {
    engine::Target target = Court::target();
    commit_ = std::move(commit);
    target.make_world = [](inject::Simulation& simulation) -> std::unique_ptr<engine::World> {
      return Court::make_world(simulation, commit_);
    };
    return verdict_of(target, text);
  }

  /// Innocent without the crime. `head` comes before each program.
  static void expect_guilty(const CrimeOf<Rogue>& crime, const std::string& head = {}) {
    const auto honest = verdict(head + crime.program, [](Rogue&) {});
    EXPECT_FALSE(honest.has_value()) << honest->rule << ": " << honest->found;
    const auto found = verdict(head + crime.program, crime.commit);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(to_string(found->kind), to_string(crime.verdict))
        << found->rule << ": " << found->expected << ", not " << found->found;
    EXPECT_NE(found->rule.find(crime.rule), std::string::npos) << found->rule;
    EXPECT_NE(found->expected, found->found);
  }

 private:
  static inline Commit commit_;
};

inline constexpr auto name_of_crime = [](const auto& test) { return test.param.name; };

}  // namespace anyctx::target
