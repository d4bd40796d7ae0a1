// MemcgInspector: what oracles may see of the accounting of memory, as plain values.
//
// All members only read, and none is a decision point. Except where noted, the answers are
// consistent only while no operation is in progress.
#pragma once

#include "fuzzers/targets/slab_inspector.h"
#include "fuzzers/targets/slab_payers.h"

namespace anyctx::target {

/// A group of tasks, or the one above the others: the last.
struct GroupView {
  std::uint64_t charged = 0;  // pages, by its counter
  std::uint64_t max = 0;
  std::uint64_t stock = 0;  // pages that CPUs have charged in advance
  bool is_above = false;    // what is charged to the others is charged to it as well
};

struct PayerView {
  std::uint32_t group = 0;
  std::uint32_t references = 0;
  std::uint64_t bytes = 0;       // paid for and not used: in its counter
  std::uint64_t stock = 0;       // and on CPUs
  std::uint32_t stock_refs = 0;  // of CPUs
  bool online = false;
  bool released = false;
};

/// The vector beside a slab that says who pays for its objects.
struct VectorView {
  enum class Place : std::uint8_t { none, in_slab, in_object, in_pages };
  Place place = Place::none;
  const void* address = nullptr;
};

class MemcgInspector {
 public:
  virtual ~MemcgInspector() = default;

  virtual std::uint32_t groups() const = 0;
  virtual GroupView group(std::uint32_t index) const = 0;
  virtual std::uint32_t payers() const = 0;
  virtual PayerView payer(PayerId id) const = 0;
  /// Who pays if something is asked for here and now. Valid at any time.
  virtual PayerId current() const = 0;
  /// Who pays for an object, and for a block of pages that is handed out. Valid at any time for
  /// what the caller holds.
  virtual PayerId payer_of_object(const void* object) const = 0;
  virtual PayerId payer_of_pages(const void* pages) const = 0;
  virtual VectorView vector(SlabId slab) const = 0;
};

}  // namespace anyctx::target
