// HashTabModel: what each key of a hash table may be, as far as calls that began and ended tell.
//
// Calls on a key that overlap form a group. While there is one, the key may be what it was before,
// or what any call of the group makes it. When the group has ended, whoever looks says which.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "fuzzers/targets/hashtab_schema.h"

namespace anyctx::target {

class HashTabModel {
 public:
  /// A serial number tells which update wrote a value; 0: the key is not there.
  using Serial = std::uint64_t;
  static constexpr Serial kAbsent = 0;

  struct Key {
    std::vector<Serial> candidates;  // what it may be
    std::uint32_t calls = 0;         // in progress
    std::uint64_t started = 0;       // calls, ever

    bool may_be(Serial serial) const {
      return std::ranges::find(candidates, serial) != candidates.end();
    }
    bool may_be_present() const {
      return std::ranges::any_of(candidates, [](Serial serial) { return serial != kAbsent; });
    }
    bool may_be_absent() const { return may_be(kAbsent); }
    /// What it is, if no call is in progress.
    Serial current() const { return candidates.front(); }
  };

  void reset() {
    for (Key& key : keys_) key = {{kAbsent}};
    serials_ = 0;
  }
  /// Of the next value of this key, which it tells.
  Serial next_serial(std::uint64_t key) { return ++serials_ * kHashKeys + key; }
  static std::uint64_t key_of(Serial serial) { return serial % kHashKeys; }
  static std::uint64_t word_of(Serial serial, std::uint32_t word) {
    return serial * 0x100000001u + word;
  }

  const Key& at(std::uint64_t key) const { return keys_[key]; }
  /// A call that may make the key this.
  void begin(std::uint64_t key, Serial after) {
    keys_[key].candidates.push_back(after);
    ++keys_[key].calls;
    ++keys_[key].started;
  }
  /// The call does not do it, or nobody knows any more which it was.
  void forget(std::uint64_t key, Serial after) {
    std::vector<Serial>& candidates = keys_[key].candidates;
    const auto last = std::find(candidates.rbegin(), candidates.rend(), after);
    candidates.erase(std::next(last).base());
  }
  /// The call has ended. True if it was the last one of its group.
  bool end(std::uint64_t key) { return --keys_[key].calls == 0; }
  void settle(std::uint64_t key, Serial serial) { keys_[key].candidates = {serial}; }

  /// How many keys may be there.
  std::uint32_t most_present() const {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(keys_, [](const Key& key) { return key.may_be_present(); }));
  }

 private:
  std::array<Key, kHashKeys> keys_;
  std::uint64_t serials_ = 0;
};

}  // namespace anyctx::target
