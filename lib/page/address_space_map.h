// AddressSpace: mmap, munmap, fork, and the end of a process.
#pragma once

#include "lib/page/address_space.h"

namespace anyctx::page {

template <machine::Machine M>
std::int64_t AddressSpace<M>::find_hole(std::uint64_t hint, std::uint64_t length,
                                        bool fixed) const {
  if (length > kHighest - kLowest) return -ENOMEM;
  const auto fits = [&](std::uint64_t start) {
    return start >= kLowest && start <= kHighest && length <= kHighest - start;
  };
  if (fixed) return fits(hint) ? static_cast<std::int64_t>(hint) : -ENOMEM;
  if (hint != 0 && fits(hint) && first_overlap(hint, hint + length) == nullptr) {
    return static_cast<std::int64_t>(hint);
  }
  std::uint64_t start = kFirstHole;
  while (fits(start)) {
    const Vma<M>* const other = first_overlap(start, start + length);
    if (other == nullptr) return static_cast<std::int64_t>(start);
    start = other->end;
  }
  return -ENOMEM;
}

template <machine::Machine M>
int AddressSpace<M>::map(MappingOwner<M>& owner, const MapRequest& request,
                         std::uint64_t& address) {
  if (request.length == 0 || (request.fixed && !is_aligned(request.address))) return -EINVAL;
  const std::uint64_t length = (request.length + page_size_ - 1) & ~(page_size_ - 1);
  if (length == 0) return -ENOMEM;
  lock_.write_lock();
  const int error = map_locked(owner, request, length, address);
  lock_.write_unlock();
  return error;
}

template <machine::Machine M>
int AddressSpace<M>::map_locked(MappingOwner<M>& owner, const MapRequest& request,
                                std::uint64_t length, std::uint64_t& address) {
  MapRequest rounded = request;
  rounded.length = length;
  rounded.address = (request.address + page_size_ - 1) & ~(page_size_ - 1);
  const std::int64_t place = owner.get_unmapped_area(*this, rounded);
  if (place < 0) return static_cast<int>(place);
  const auto start = static_cast<std::uint64_t>(place);
  if (!is_aligned(start) || start > kHighest || length > kHighest - start) return -ENOMEM;
  if (!request.shared) return -EINVAL;
  if (request.fixed) {
    if (const int error = unmap_locked(start, start + length)) return error;
  }
  ANYCTX_CHECK(first_overlap(start, start + length) == nullptr);
  Vma<M>* const vma = free_vma();
  if (M::fails(site::vma, vma == nullptr)) return -ENOMEM;
  *vma = {.mm = this,
          .start = start,
          .end = start + length,
          .pgoff = request.pgoff,
          .flags = vma_flag::shared | vma_flag::may_write | vma_flag::may_exec |
                   (request.write ? vma_flag::write : 0),
          .owner = &owner,
          .private_data = nullptr};
  if (const int error = owner.map(*vma)) {
    *vma = {};
    return error;
  }
  address = start;
  return 0;
}

template <machine::Machine M>
int AddressSpace<M>::unmap(std::uint64_t start, std::uint64_t length) {
  const std::uint64_t size = (length + page_size_ - 1) & ~(page_size_ - 1);
  if (!is_aligned(start) || size == 0 || start > kHighest || size > kHighest - start) {
    return -EINVAL;
  }
  lock_.write_lock();
  const int error = unmap_locked(start, start + size);
  lock_.write_unlock();
  return error;
}

/// Lock, for writing.
template <machine::Machine M>
int AddressSpace<M>::unmap_locked(std::uint64_t start, std::uint64_t end) {
  for (const Vma<M>& vma : vmas_) {
    if (overlaps(vma, start, end) && (vma.start < start || vma.end > end)) return -EINVAL;
  }
  for (Vma<M>& vma : vmas_) {
    if (overlaps(vma, start, end)) remove(vma);
  }
  return 0;
}

template <machine::Machine M>
void AddressSpace<M>::remove(Vma<M>& vma) {
  table_.zap(vma.start, vma.end);
  vma.owner->close(vma);
  vma = {};
}

template <machine::Machine M>
int AddressSpace<M>::fork(AddressSpace& child) {
  int error = 0;
  lock_.write_lock();
  for (unsigned i = 0; i < kMaxVmas && error == 0; ++i) {
    if (vmas_[i].end == 0 || (vmas_[i].flags & vma_flag::dont_copy) != 0) continue;
    if (M::fails(site::vma, false)) {
      error = -ENOMEM;
      break;
    }
    child.vmas_[i] = vmas_[i];
    child.vmas_[i].mm = &child;
    child.vmas_[i].owner->open(child.vmas_[i]);
  }
  lock_.write_unlock();
  return error;
}

template <machine::Machine M>
void AddressSpace<M>::remove_all() {
  lock_.write_lock();
  for (Vma<M>& vma : vmas_) {
    if (vma.end != 0) remove(vma);
  }
  lock_.write_unlock();
}

}  // namespace anyctx::page
