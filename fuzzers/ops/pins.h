// Pins: parameters that every program of a search shall have the same value of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

class Pins {
 public:
  explicit Pins(const Schema& schema) : schema_(schema) {}

  /// "NAME=VALUE", as in the first line of a text. Returns what is wrong with it; empty if nothing.
  std::string add(std::string_view assignment);
  void apply(Program& program) const;
  bool hold(const Program& program) const;

 private:
  struct Pin {
    std::size_t param;
    std::uint32_t value;
  };
  const Schema& schema_;
  std::vector<Pin> pins_;
};

}  // namespace anyctx::program
