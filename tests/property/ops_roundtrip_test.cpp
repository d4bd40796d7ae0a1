// Properties of the program format, over many generated programs.
#include <gtest/gtest.h>

#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/mutate.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;
using inject::Rng;

constexpr unsigned kPrograms = 8000;

/// Calls `check` with generated programs and with what mutation makes of them.
template <class Check>
void for_each_program(std::uint64_t seed, Check check) {
  Rng rng(seed);
  Program program = generate(kSchema, rng);
  for (unsigned i = 0; i < kPrograms && !testing::Test::HasFatalFailure(); ++i) {
    check(program);
    program = i % 4 == 0 ? generate(kSchema, rng) : mutate(kSchema, program, rng);
  }
}

TEST(OpsRoundTrip, Text) {
  for_each_program(1, [](const Program& program) {
    const std::string text = to_text(kSchema, program);
    const ParsedText parsed = parse_text(kSchema, text);
    ASSERT_TRUE(parsed.program.has_value()) << to_string(parsed.error) << "\n" << text;
    ASSERT_EQ(*parsed.program, program) << text;
    ASSERT_EQ(to_text(kSchema, *parsed.program), text);
    ASSERT_EQ(target_of_text(text), kSchema.target);
  });
}

TEST(OpsRoundTrip, Binary) {
  for_each_program(2, [](const Program& program) {
    const Bytes bytes = encode(kSchema, program);
    ASSERT_EQ(decode(kSchema, bytes), program) << to_text(kSchema, program);
    ASSERT_EQ(encode(kSchema, decode(kSchema, bytes)), bytes);
  });
}

/// A program with numbers of all kinds where they do not belong.
Program garbage(Rng& rng) {
  Program program;
  for (auto& value : program.params) value = static_cast<std::uint32_t>(rng.next());
  const auto lane = [&] {
    const auto kind = static_cast<inject::LaneKind>(rng.below(8));
    return inject::Lane{kind, static_cast<std::uint8_t>(rng.below(6))};
  };
  for (std::uint32_t lanes = rng.below(12); lanes > 0; --lanes) {
    LaneOps ops{lane(), {}};
    for (std::uint32_t i = rng.below(80); i > 0; --i) {
      Op op;
      op.code = static_cast<std::uint8_t>(rng.below(8));
      op.result = static_cast<std::uint8_t>(rng.below(256));
      for (auto& arg : op.args) arg = static_cast<std::uint32_t>(rng.next());
      ops.ops.push_back(op);
    }
    program.lanes.push_back(ops);
  }
  for (std::uint32_t i = rng.below(100); i > 0; --i) {
    inject::Decision decision;
    decision.where.lane = lane();
    decision.where.op = static_cast<std::uint8_t>(rng.below(70));
    decision.where.entry = static_cast<std::uint16_t>(rng.below(3));
    decision.point = static_cast<machine::PointId>(rng.below(1100));
    decision.occurrence = static_cast<std::uint16_t>(rng.below(4));
    decision.action.kind = static_cast<inject::ActionKind>(rng.below(9));
    decision.action.lane = lane();
    decision.action.value = static_cast<std::uint8_t>(rng.below(256));
    program.decisions.push_back(decision);
  }
  program.walk.source = static_cast<Walk::Source>(rng.below(4));
  program.walk.rate = static_cast<std::uint32_t>(rng.next());
  program.walk.seed = rng.next();
  program.walk.bytes.resize(rng.below(10));
  return program;
}

TEST(OpsNormalForm, IsReachedFromAnythingInOneStep) {
  Rng rng(3);
  for (unsigned i = 0; i < kPrograms / 4; ++i) {
    Program once = garbage(rng);
    normalize(kSchema, once);
    Program twice = once;
    normalize(kSchema, twice);
    ASSERT_EQ(twice, once);
    ASSERT_EQ(parse_text(kSchema, to_text(kSchema, once)).program, once);
    ASSERT_EQ(decode(kSchema, encode(kSchema, once)), once);
  }
}

TEST(OpsNormalForm, TextThatWasCutOrChangedIsAnErrorOrANormalProgram) {
  Rng rng(4);
  unsigned errors = 0;
  for (unsigned i = 0; i < kPrograms / 4; ++i) {
    std::string text = to_text(kSchema, generate(kSchema, rng));
    const std::uint32_t at = rng.below(static_cast<std::uint32_t>(text.size()));
    if (i % 2 == 0)
      text.resize(at);
    else
      text[at] = static_cast<char>(rng.below(256));
    const ParsedText parsed = parse_text(kSchema, text);
    if (!parsed.program) {
      ++errors;
      ASSERT_NE(parsed.error.message, "");
      ASSERT_GE(parsed.error.line, 1u);
      ASSERT_GE(parsed.error.column, 1u);
      ASSERT_EQ(to_string(parsed.error).find('\n'), std::string::npos);
      continue;
    }
    ASSERT_EQ(parse_text(kSchema, to_text(kSchema, *parsed.program)).program, *parsed.program);
  }
  EXPECT_GT(errors, kPrograms / 20);
}

}  // namespace
}  // namespace anyctx::program
