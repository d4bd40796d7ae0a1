#include "fuzzers/ops/binary.h"

#include <algorithm>

#include "fuzzers/ops/normalize.h"
#include "fuzzers/ops/payload.h"

namespace anyctx::program {

Bytes encode(const Schema& schema, const Program& program) {
  const Bytes payload = encode_v1(schema, program);
  ByteWriter writer;
  writer.append(kMagic);
  writer.u8(kBinaryVersion);
  writer.u8(schema.id);
  writer.u16(static_cast<unsigned>(payload.size()));
  writer.append(payload);
  return writer.take();
}

Program decode(const Schema& schema, std::span<const std::uint8_t> bytes) {
  const bool has_magic = bytes.size() >= kHeaderSize &&
                         std::equal(std::begin(kMagic), std::end(kMagic), bytes.begin());
  // A second version of the payload is chosen here, by bytes[4].
  Program program =
      has_magic ? decode_v1(schema, bytes.subspan(kHeaderSize)) : decode_raw(schema, bytes);
  normalize(schema, program);
  return program;
}

}  // namespace anyctx::program
