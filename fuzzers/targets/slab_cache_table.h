// CacheTable: the model's knowledge of the caches that a program creates and destroys.
#pragma once

#include <array>
#include <cstdint>

#include "fuzzers/targets/slab_schema.h"
#include "fuzzers/targets/slab_subject.h"
#include "fuzzers/targets/user_count.h"

namespace anyctx::target {

struct CacheRecord {
  enum class State : std::uint8_t {
    creating,
    alive,
    dying,  // kmem_cache_destroy() is in progress: nobody else uses the cache
    kept,   // destroyed while objects were live: only they can still be freed
    gone,
  };
  State state = State::creating;
  bool ctor = false;
  std::uint32_t size = 0;
  std::uint32_t align = 0;
  UserCount users;           // operations in progress on the cache or an object of it
  std::uint32_t live = 0;    // objects that programs hold
  std::uint32_t leaked = 0;  // objects given up after a report: they never become free
  CacheHandle handle = nullptr;
};

class CacheTable {
 public:
  static constexpr std::uint16_t kNone = 0xffff;

  void reset() {
    count_ = 0;
    named_.fill(kNone);
  }

  /// A record for cache<name>, which has none; kNone if there were too many.
  std::uint16_t begin_create(unsigned name) {
    if (count_ == records_.size()) return kNone;
    records_[count_] = {};
    return named_[name] = count_++;
  }
  /// From now on cache<name> may be created again. The record stays.
  void forget_name(std::uint16_t record) {
    for (std::uint16_t& named : named_) {
      if (named == record) named = kNone;
    }
  }

  std::uint16_t named(unsigned name) const { return named_[name]; }
  CacheRecord& record(std::uint16_t index) { return records_[index]; }
  const CacheRecord& record(std::uint16_t index) const { return records_[index]; }
  std::uint16_t count() const { return count_; }

  /// The record of cache<name> if the cache exists and may be used; otherwise kNone.
  std::uint16_t usable(unsigned name) const {
    const std::uint16_t index = named_[name];
    if (index == kNone || records_[index].state != CacheRecord::State::alive) return kNone;
    return index;
  }

 private:
  std::array<CacheRecord, 256> records_{};
  std::array<std::uint16_t, kNamedCaches> named_{};
  std::uint16_t count_ = 0;
};

}  // namespace anyctx::target
