// Vma: a mapping in a process, and what its owner (a file, an arena) has to say about it.
// Source: Linux 7.3 include/linux/mm.h (vm_area_struct, vm_operations_struct).
#pragma once

#include <cstdint>

#include "lib/page/memory_sites.h"
#include "lib/page/page.h"

namespace anyctx::page {

template <machine::Machine M>
class AddressSpace;
template <machine::Machine M>
class MappingOwner;

namespace vma_flag {
inline constexpr std::uint32_t write = 1;
inline constexpr std::uint32_t shared = 2;
inline constexpr std::uint32_t dont_copy = 4;    // a forked process does not get it
inline constexpr std::uint32_t dont_expand = 8;  // nobody can change its size
inline constexpr std::uint32_t may_write = 16;
inline constexpr std::uint32_t may_exec = 32;
}  // namespace vma_flag

/// Changed under the lock of the process's mappings, for writing.
template <machine::Machine M>
struct Vma {
  AddressSpace<M>* mm = nullptr;
  std::uint64_t start = 0;
  std::uint64_t end = 0;  // 0: the descriptor is free
  std::uint64_t pgoff = 0;
  std::uint32_t flags = 0;
  MappingOwner<M>* owner = nullptr;
  void* private_data = nullptr;  // owner's

  std::uint64_t size() const { return end - start; }
  bool contains(std::uint64_t address) const { return address - start < end - start; }
};

/// What a process asks map() for.
struct MapRequest {
  std::uint64_t address = 0;  // 0: anywhere
  std::uint64_t length = 0;
  std::uint64_t pgoff = 0;
  bool write = true;
  bool shared = true;
  bool fixed = false;
};

struct FaultRequest {
  std::uint64_t address = 0;  // start of the page
  std::uint64_t pgoff = 0;    // of the page
  bool write = false;
};

template <machine::Machine M>
struct FaultResult {
  // nopage: nothing to map now, repeat the access.
  enum class Kind : std::uint8_t { page, sigsegv, sigbus, nopage };
  Kind kind = Kind::sigsegv;
  Page<M>* page = nullptr;   // with a reference, which becomes the mapping's
  std::uint64_t cookie = 0;  // for may_install()
};

/// Whose pages a mapping shows. All members but may_install() are called in task context with the
/// lock of the process's mappings held: fault() for reading, the others for writing.
template <machine::Machine M>
class MappingOwner {
 public:
  /// Where to map, or a negative error. AddressSpace::find_hole() is the usual answer.
  virtual std::int64_t get_unmapped_area(AddressSpace<M>& mm, const MapRequest& request) = 0;
  /// 0, or a negative error: then there is no mapping, and no close().
  virtual int map(Vma<M>& vma) = 0;
  /// `vma` is the copy of another one.
  virtual void open(Vma<M>& vma) = 0;
  /// Nothing of it is mapped any more.
  virtual void close(Vma<M>& vma) = 0;
  virtual FaultResult<M> fault(Vma<M>& vma, const FaultRequest& request) = 0;
  /// Whether what fault() found may be mapped still. Called with a spinlock held that each removal
  /// of mappings takes, too.
  virtual bool may_install(Vma<M>& vma, std::uint64_t address, Page<M>& page,
                           std::uint64_t cookie) = 0;

 protected:
  ~MappingOwner() = default;
};

}  // namespace anyctx::page
