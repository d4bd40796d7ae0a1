// The binary form: pinned bytes, versions, damaged files, and decoding of anything at all.
#include "fuzzers/ops/binary.h"

#include <gtest/gtest.h>

#include "fuzzers/ops/generate.h"
#include "fuzzers/ops/inspect.h"
#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/text.h"
#include "tests/unit/ops_schema.h"

namespace anyctx::program {
namespace {

using demo::kSchema;
using inject::Rng;

Bytes bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

bool is_normal(const Program& program) {
  Program copy = program;
  normalize(kSchema, copy);
  // The parser repairs nothing, so it is a judge of its own.
  return copy == program && parse_text(kSchema, to_text(kSchema, program)).program == program;
}

constexpr std::string_view kVersion1Text =
    "anyctx 1 target=demo cpus=2\n"
    "task0: b = alloc(8192, account)\n"
    "nmi1:  free(b)\n"
    "walk rate=7 bytes=3a7f\n"
    "at nmi1/258.0 demo.head.cas#513: fail sticky\n";

/// A version 1 file as it was written when version 1 was made. It must be read like this for ever.
const Bytes kVersion1 = {
    0x8e, 'A',  'C', 'X',  1,    42,   0x4a, 0,  // header: 74 bytes follow
    1,    0x01, 2,   0,    1,    0,    2,    7, 0, 0, 0, 0, 0, 0, 0, 0, 0,        // fixed part
    0,    2,    0,   0,    0,                                                     // cpus = 2
    0x00, 0,    1,   0x00, 0x20, 0,    0,    2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // task0: alloc
    0x09, 1,    0,   1,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // nmi1: free
    0x09, 0,    2,   1,    0xc2, 0x03, 1,    2, 1, 0, 0, 0,                       // decision
    0x3a, 0x7f,                                                                   // walk
};

TEST(OpsBinary, Version1IsPinned) {
  const ParsedText parsed = parse_text(kSchema, kVersion1Text);
  ASSERT_TRUE(parsed.program.has_value()) << to_string(parsed.error);
  EXPECT_EQ(to_text(kSchema, decode(kSchema, kVersion1)), kVersion1Text);
  EXPECT_EQ(encode(kSchema, *parsed.program), kVersion1);
}

TEST(OpsBinary, InspectTellsFilesApart) {
  struct Case {
    Bytes bytes;
    FileKind kind;
    std::string error;
  };
  const std::size_t size = kVersion1.size();
  Bytes newer = kVersion1;
  newer[4] = 9;
  Bytes nothing = kVersion1;
  nothing[4] = 0;
  Bytes longer = kVersion1;
  longer.push_back(0);
  const Case cases[] = {
      {kVersion1, FileKind::binary, ""},
      {longer, FileKind::binary, ""},
      {{kVersion1.begin(), kVersion1.begin() + 40},
       FileKind::truncated,
       "truncated: 40 of " + std::to_string(size) + " bytes"},
      {{kVersion1.begin(), kVersion1.begin() + 3},
       FileKind::truncated,
       "truncated: 3 bytes, the header alone has 8"},
      {newer, FileKind::newer,
       "written by a newer anyctx: binary version 9, this one reads up to 1"},
      {nothing, FileKind::foreign, "not an anyctx program: binary version 0"},
      {bytes_of(kVersion1Text), FileKind::text, ""},
      {bytes_of("# story\n\nanyctx 1 target=slab\n"), FileKind::text, ""},
      {bytes_of("anyctx 3 target=slab\n"), FileKind::newer,
       "written by a newer anyctx: text version 3, this one reads up to 1"},
      {{}, FileKind::foreign, "not an anyctx program: the file is empty"},
      {bytes_of("\x7f"
                "ELF\x02\x01\x01"),
       FileKind::foreign, "not an anyctx program: neither text ('anyctx 1 target=...') nor binary"},
  };
  for (const Case& c : cases) {
    const Inspection found = inspect(c.bytes);
    EXPECT_EQ(found.kind, c.kind) << c.error;
    EXPECT_EQ(found.error, c.error);
    EXPECT_EQ(found.is_program(), c.error.empty());
  }
  EXPECT_EQ(inspect(kVersion1).version, 1u);
  EXPECT_EQ(inspect(kVersion1).schema_id, kSchema.id);
}

TEST(OpsBinary, EveryTruncationIsNoticedAndStillDecodes) {
  Rng rng(1);
  for (unsigned i = 0; i < 50; ++i) {
    const Bytes whole = encode(kSchema, generate(kSchema, rng));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_FALSE(inspect(part).is_program());
      ASSERT_TRUE(is_normal(decode(kSchema, part))) << size;
    }
    ASSERT_TRUE(inspect(whole).is_program());
  }
}

Bytes random_bytes(Rng& rng, std::uint32_t most) {
  Bytes bytes(rng.below(most + 1));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.below(256));
  return bytes;
}

TEST(OpsBinary, AnyBytesDecodeToANormalProgramAlwaysTheSame) {
  Rng rng(2);
  for (unsigned i = 0; i < 20000; ++i) {
    Bytes bytes = random_bytes(rng, i % 100 == 0 ? 40000 : 400);
    if (i % 2 == 0) bytes.insert(bytes.begin(), kVersion1.begin(), kVersion1.begin() + 8);
    const Program program = decode(kSchema, bytes);
    ASSERT_TRUE(is_normal(program)) << to_text(kSchema, program);
    ASSERT_EQ(decode(kSchema, bytes), program);
  }
}

TEST(OpsBinary, HugeInputsStayBounded) {
  Bytes bytes(1 << 22, 0xff);
  std::copy(kVersion1.begin(), kVersion1.begin() + 8, bytes.begin());
  EXPECT_TRUE(is_normal(decode(kSchema, bytes)));
  bytes[0] = 0;
  EXPECT_TRUE(is_normal(decode(kSchema, bytes)));
}

TEST(OpsBinary, AFutureVersionIsReadAsTheNewest) {
  Bytes newer = kVersion1;
  newer[4] = 200;
  EXPECT_EQ(decode(kSchema, newer), decode(kSchema, kVersion1));
}

TEST(OpsBinary, OneChangedByteChangesLittle) {
  // Each operation names its own lane, so no byte of one shifts the others.
  const std::size_t second_op = 8 + 17 + 5 + 19;
  for (std::size_t i = second_op; i < second_op + 19; ++i) {
    Bytes changed = kVersion1;
    changed[i] ^= 1;
    const Program program = decode(kSchema, changed);
    EXPECT_EQ(program.lanes[0], decode(kSchema, kVersion1).lanes[0]) << i;
    EXPECT_EQ(program.walk, decode(kSchema, kVersion1).walk) << i;
  }
}

TEST(OpsBinary, RawBytesBecomeOperationsThenDecisionsThenTheWalk) {
  const Bytes raw = {
      2,  // operations
      0,    demo::kAlloc,
      1,    4,
      0,    0,
      0,  // task0: b = alloc(sizes[4])
      10,   demo::kFree,
      0,    1,
      0,    0,
      0,  // nmi0: free(b)
      1,  // decisions
      0,    0,
      0,    3,
      0,    1,
      0,    0,  // at task0.0, fourth point, second visit, first action
      1,    0,
      2,           // parameters: cpus = 1 + 2 / 2
      63,          // rate - 1
      0xab, 0xcd,  // walk
  };
  EXPECT_EQ(to_text(kSchema, decode(kSchema, raw)),
            "anyctx 1 target=demo cpus=2\n"
            "task0: b = alloc(8192)\n"
            "nmi0:  free(b)\n"
            "walk rate=64 bytes=abcd\n"
            "at task0.0 demo.head.cas#2: fail\n");
}

}  // namespace
}  // namespace anyctx::program
