// Nested library: a target's nested operations, made for the operation that they interrupt.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzzers/engine/nested_ops.h"
#include "fuzzers/ops/program.h"

namespace anyctx::sweep {

using Ops = std::vector<program::Op>;

class NestedLibrary {
 public:
  /// The tables must outlive the library.
  NestedLibrary(const program::Schema& schema, std::span<const engine::NestedOps> nested)
      : schema_(schema), nested_(nested) {}

  std::size_t size() const { return nested_.size(); }
  std::string_view name(std::size_t index) const { return nested_[index].name; }

  /// List `index` for a handler that runs inside of operation `host`; null if it has nothing to act
  /// on there, or would be illegal. Valid as long as the library.
  const Ops* make(std::size_t index, const program::Program& program, const inject::OpRef& host);

 private:
  const program::Schema& schema_;
  std::span<const engine::NestedOps> nested_;
  std::map<std::string, Ops, std::less<>> made_;
};

/// The operations that `text`, of one line each, says after what stands in braces is put in; none
/// if something cannot be put in. See engine::NestedOps.
std::optional<std::string> put_in(const program::Schema& schema, std::string_view text,
                                  const program::Program& program, const inject::OpRef& host);

/// Reads operations of a lane of this kind; nothing if they are illegal there.
Ops parse_ops(const program::Schema& schema, inject::LaneKind kind, std::string_view lines);

}  // namespace anyctx::sweep
