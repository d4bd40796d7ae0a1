// Payload: the ways to read what follows the header. Each yields a program that still has to be
// normalized, from any bytes.
#pragma once

#include <span>

#include "fuzzers/ops/bytes.h"
#include "fuzzers/ops/program.h"

namespace anyctx::program {

/// Version 1, both directions.
Bytes encode_v1(const Schema& schema, const Program& program);
Program decode_v1(const Schema& schema, std::span<const std::uint8_t> payload);

/// Bytes without any header: operations, then decisions, then parameters, then the walk. Each
/// choice is made among what is legal, so that most inputs become useful programs. Not a storage
/// format.
Program decode_raw(const Schema& schema, std::span<const std::uint8_t> bytes);

}  // namespace anyctx::program
