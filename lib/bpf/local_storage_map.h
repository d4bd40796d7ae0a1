// StorageMap: a value for each of many owners, found through the owners.
#pragma once

#include "lib/bpf/local_storage_element.h"

namespace anyctx::bpf {

/// Its lists serve its end only. An owner's element is always in the same bucket.
template <machine::Machine M>
class StorageMap {
 public:
  static constexpr unsigned kBuckets = 4;

  struct Config {
    std::uint32_t value_size = 8;
    std::uint32_t cache_slot = 0;  // maps that share one displace each other there
    bool inherited = false;        // new owners that are copies get a copy of the value
  };
  struct Bucket {
    explicit Bucket(sync::RqCpus<M>& cpus) : lock(cpus) {}
    sync::RqSpinLock<M> lock;
    StorageList<M, &StorageElement<M>::of_bucket> elements;

    /// With the lock. To readers the element is still the map's.
    static void remove(StorageElement<M>& element) {
      StorageList<M, &StorageElement<M>::of_bucket>::remove(element);
    }
  };

  StorageMap(sync::RqCpus<M>& cpus, const Config& config)
      : config_(config), buckets_{Bucket(cpus), Bucket(cpus), Bucket(cpus), Bucket(cpus)} {}

  Bucket& bucket_of(std::uint32_t owner_number) { return buckets_[owner_number % kBuckets]; }
  Bucket& bucket(unsigned index) { return buckets_[index]; }
  const Config& config() const { return config_; }
  std::uint32_t element_bytes() const {
    return static_cast<std::uint32_t>(sizeof(StorageElement<M>)) + config_.value_size;
  }

 private:
  Config config_;
  Bucket buckets_[kBuckets];
};

}  // namespace anyctx::bpf
