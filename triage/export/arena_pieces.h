// ArenaPieces: what a scenario's operations have in their slots, piece by piece, and what each is
// called in a test.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace anyctx::triage {

struct ArenaPiece {
  std::string name;         // of the variable with the first slot of the allocation
  std::uint32_t first = 0;  // that slot, as it was in the run
  std::uint32_t skip = 0;   // from there
  std::uint32_t count = 0;  // 0: nothing

  std::string text() const { return skip == 0 ? name : name + " + " + std::to_string(skip); }
};

/// As the target keeps them (see fuzzers/engine/slots.h): a stack for each slot.
class ArenaPieces {
 public:
  /// "a" for the first result that goes there, then "a2".
  std::string fresh_name(const std::string& slot) {
    const unsigned number = ++names_[slot];
    return number == 1 ? slot : slot + std::to_string(number);
  }

  void push(const std::string& slot, const ArenaPiece& piece) {
    if (piece.count != 0) stacks_[slot].push_back(piece);
  }

  /// Of the latest piece in `slot`, `count` from `skip` on (0: all that is left). The others stay.
  ArenaPiece take(const std::string& slot, std::uint32_t skip, std::uint32_t count) {
    std::vector<ArenaPiece>& stack = stacks_[slot];
    if (stack.empty()) return {};
    const ArenaPiece all = stack.back();
    stack.pop_back();
    skip %= all.count;
    const std::uint32_t left = all.count - skip;
    if (count == 0 || count > left) count = left;
    push(slot, {all.name, all.first, all.skip, skip});
    push(slot, {all.name, all.first, all.skip + skip + count, left - count});
    return {all.name, all.first, all.skip + skip, count};
  }

 private:
  std::map<std::string, unsigned> names_;
  std::map<std::string, std::vector<ArenaPiece>> stacks_;
};

}  // namespace anyctx::triage
