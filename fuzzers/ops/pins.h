// Pins: what every program of a search shall have in common: values of parameters, no decisions.
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
  /// Programs are operations only: nothing fails, nothing interrupts, tasks run one by one.
  void without_decisions() { decisions_ = false; }
  void apply(Program& program) const;
  bool hold(const Program& program) const;

 private:
  struct Pin {
    std::size_t param;
    std::uint32_t value;
  };
  const Schema& schema_;
  std::vector<Pin> pins_;
  bool decisions_ = true;
};

}  // namespace anyctx::program
