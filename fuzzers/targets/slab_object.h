// SlabObject: memory that a program was given and holds on to.
#pragma once

#include <cstdint>

#include "fuzzers/model/pairing.h"
#include "fuzzers/targets/slab_payers.h"

namespace anyctx::target {

using model::Freer;
using model::Origin;

struct SlabObject {
  void* address = nullptr;
  Origin origin = Origin::nothing;
  std::uint8_t order = 0;  // pages
  PayerId payer = kNobody;
  std::uint16_t cache = 0;   // cache: which record of the cache table
  std::uint32_t serial = 0;  // counts what was handed out; names the object in reports
  std::uint32_t size = 0;    // what its user may write to
  std::uint32_t usable = 0;  // what nobody else may be given
};

}  // namespace anyctx::target
