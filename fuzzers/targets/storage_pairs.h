// StoragePairs: the value that each owner should have in each map, and every value there ever was.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/targets/storage_schema.h"

namespace anyctx::target {

/// A value begins with its number, which determines the rest. 0: no value. Numbers are never used
/// again, but children inherit them.
class StoragePairs {
 public:
  /// How a pair was when somebody began to use it.
  struct Window {
    bool quiet = false;  // nobody was changing it
    std::uint32_t changes = 0;
  };

  void reset() {
    pairs_ = {};
    count_ = 1;
  }

  /// 0: no storage left.
  std::uint32_t make_value(unsigned owner, unsigned map) {
    if (count_ == values_.size()) return 0;
    values_[count_] = {static_cast<std::uint8_t>(owner), static_cast<std::uint8_t>(map), false};
    return count_++;
  }
  void inherit(std::uint32_t value) { values_[value].inherited = true; }
  /// Whether the owner can have it in this map.
  bool may_be(std::uint32_t value, unsigned owner, unsigned map) const {
    if (value == 0 || value >= count_ || values_[value].map != map) return false;
    return values_[value].owner == owner || values_[value].inherited;
  }

  Window begin_look(unsigned owner, unsigned map) const {
    const Pair& pair = pairs_[owner][map];
    return {pair.changing == 0, pair.changes};
  }
  Window begin_change(unsigned owner, unsigned map) {
    Pair& pair = pairs_[owner][map];
    return {pair.changing++ == 0, ++pair.changes};
  }
  /// Whether what was found is exactly what the pair was, because nobody changed it meanwhile.
  bool is_exact(const Window& window, unsigned owner, unsigned map) const {
    return window.quiet && pairs_[owner][map].changes == window.changes;
  }
  /// True: nobody changes it any more, and several did at once; only the subject knows now.
  [[nodiscard]] bool end_change(const Window& window, unsigned owner, unsigned map) {
    Pair& pair = pairs_[owner][map];
    pair.unclear = pair.unclear || !is_exact(window, owner, map);
    if (--pair.changing != 0 || !pair.unclear) return false;
    pair.unclear = false;
    return true;
  }

  std::uint32_t value(unsigned owner, unsigned map) const { return pairs_[owner][map].value; }
  void set(unsigned owner, unsigned map, std::uint32_t value) { pairs_[owner][map].value = value; }
  std::uint32_t count(unsigned owner) const {
    std::uint32_t count = 0;
    for (const Pair& pair : pairs_[owner]) count += pair.value != 0 ? 1 : 0;
    return count;
  }

 private:
  struct Pair {
    std::uint32_t value = 0;
    std::uint32_t changing = 0;  // operations in progress
    std::uint32_t changes = 0;   // so far
    bool unclear = false;
  };
  struct Value {
    std::uint8_t owner = 0;
    std::uint8_t map = 0;
    bool inherited = false;
  };

  std::array<std::array<Pair, kStorageMaps>, kStorageOwners> pairs_{};
  std::array<Value, 4096> values_{};
  std::uint32_t count_ = 1;
};

}  // namespace anyctx::target
