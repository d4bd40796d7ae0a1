// Binary: programs as engines store and mutate them.
//
//   header   magic 8e 'A' 'C' 'X' | version u8 | schema id u8 | length of the payload u16
//   payload  fixed part, then records of fixed size, then the bytes of the walk (binary_v1.cpp)
//
// Little endian. The records are fixed in size and name their lane themselves, so that a byte that
// an engine changes changes one thing. Decoding is total: what the header claims, the length
// included, is believed only by inspect(). Without the magic, bytes are taken as raw material
// (binary_raw.cpp).
#pragma once

#include <span>

#include "fuzzers/ops/bytes.h"
#include "fuzzers/ops/program.h"

namespace anyctx::program {

inline constexpr std::uint8_t kMagic[4] = {0x8e, 'A', 'C', 'X'};
inline constexpr unsigned kBinaryVersion = 1;
inline constexpr std::size_t kHeaderSize = 8;

/// The bytes of a normal program.
Bytes encode(const Schema& schema, const Program& program);

/// A normal program from any bytes at all; decode(encode(p)) == p for normal p. Deterministic, and
/// linear in the size of the input. The version decides how the payload is read; versions that do
/// not exist yet are read as the newest.
Program decode(const Schema& schema, std::span<const std::uint8_t> bytes);

}  // namespace anyctx::program
