// The schema that the tool knows of a target is the target's own.
#include "triage/minimize/schema_copy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/run/verdict_json.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::triage {
namespace {

using program::Program;
using program::demo::kSchema;

TEST(SchemaCopy, ProgramsMeanTheSame) {
  const SchemaCopy copy(nlohmann::json::parse(run::to_json(kSchema).dump()));
  inject::Rng rng(1);
  for (int i = 0; i < 500; ++i) {
    const Program program = program::generate(kSchema, rng);
    const std::string text = program::to_text(kSchema, program);
    EXPECT_EQ(program::to_text(copy.schema(), program), text);
    const program::ParsedText parsed = program::parse_text(copy.schema(), text);
    ASSERT_TRUE(parsed.program) << program::to_string(parsed.error);
    EXPECT_EQ(*parsed.program, program);
    Program normal = program;
    program::normalize(copy.schema(), normal);
    EXPECT_EQ(normal, program);
  }
}

TEST(SchemaCopy, DefaultsAndBoundsAreThere) {
  const SchemaCopy copy(run::to_json(kSchema));
  EXPECT_EQ(program::empty_program(copy.schema()), program::empty_program(kSchema));
  EXPECT_EQ(copy.schema().id, kSchema.id);
  EXPECT_EQ(copy.schema().ops[0].args[0].values.size(), std::size(program::demo::kSizes));
  EXPECT_EQ(copy.schema().params[3].words[1], "sheaves");
}

}  // namespace
}  // namespace anyctx::triage
