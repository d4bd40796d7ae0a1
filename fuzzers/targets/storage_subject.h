// StorageSubject: local storage, by the arguments and results of the kernel's API. Owners and maps
// go by numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzzers/targets/slab_options.h"
#include "inject/sim/simulation.h"

namespace anyctx::target {

struct StorageOptions {
  SlabOptions slabs;
  bool any_readers = true;  // frees wait for readers of SRCU-fast, too
  std::uint32_t limit = 0;  // bytes that an owner may have; 0: any
};

struct StorageMapSpec {
  std::uint32_t value_size = 8;
  std::uint32_t cache_slot = 0;
  bool inherited = false;
};

class StorageSubject {
 public:
  /// What a reader got when it entered, to leave with.
  using Token = std::uint32_t;

  virtual ~StorageSubject() = default;
  /// Owners without storage, and no maps.
  virtual void reset(const StorageOptions& options) = 0;

  virtual bool create_map(unsigned map, const StorageMapSpec& spec) = 0;
  virtual void destroy_map(unsigned map) = 0;
  virtual void* lookup(unsigned owner, unsigned map) = 0;
  virtual int update(unsigned owner, unsigned map, const void* value, std::uint64_t flags) = 0;
  virtual int remove(unsigned owner, unsigned map) = 0;
  /// The child has nothing.
  virtual int fork(unsigned parent, unsigned child) = 0;
  /// It may be used again at once.
  virtual void end_owner(unsigned owner) = 0;

  virtual Token read_lock(bool srcu_fast) = 0;
  virtual void read_unlock(bool srcu_fast, Token token) = 0;
  virtual void synchronize() = 0;
  virtual void kvfree_rcu_barrier() = 0;
  virtual void* kmalloc_nolock(std::size_t size) = 0;
  virtual void kfree_nolock(void* object) = 0;

  // For oracles: no decision points.
  virtual const void* peek(unsigned owner, unsigned map) const = 0;  // the value, or null
  virtual std::uint64_t charged(unsigned owner) const = 0;           // bytes
  virtual std::uint64_t held(unsigned owner) const = 0;              // bytes on its list, and of it
  virtual std::uint32_t elements(unsigned owner) const = 0;          // on its list
  virtual bool locks_idle() const = 0;
  virtual bool has_room() const = 0;
  virtual std::string_view audit() const = 0;
  virtual std::int64_t live_objects() const = 0;
};

/// The local storage in lib/bpf.
std::unique_ptr<StorageSubject> make_own_storage_subject(inject::Simulation& simulation);

}  // namespace anyctx::target
