// AddressSpace: what a touch of memory by a process leads to.
#pragma once

#include "lib/page/address_space.h"

namespace anyctx::page {

template <machine::Machine M>
template <class F>
Touch AddressSpace<M>::touch(std::uint64_t address, bool write, F access) {
  const std::uint64_t start = address & ~(page_size_ - 1);
  for (;;) {
    if (table_.access(start, write, access)) return Touch::done;
    switch (handle_fault(start, write)) {
      case Handled::sigsegv:
        return Touch::sigsegv;
      case Handled::sigbus:
        return Touch::sigbus;
      case Handled::waits:
        M::relax(site::fault_again);
        break;
      case Handled::again:
        break;
    }
  }
}

template <machine::Machine M>
typename AddressSpace<M>::Handled AddressSpace<M>::handle_fault(std::uint64_t address, bool write) {
  lock_.read_lock();
  Handled handled = Handled::sigsegv;
  Vma<M>* const vma = find_vma(address);
  if (vma != nullptr && (!write || (vma->flags & vma_flag::write) != 0)) {
    const std::uint64_t pgoff = vma->pgoff + (address - vma->start) / page_size_;
    const Result found = vma->owner->fault(*vma, {address, pgoff, write});
    handled = finish_fault(*vma, address, found);
  }
  lock_.read_unlock();
  return handled;
}

/// The owner's locks are no longer held. Maps what it found, unless that is out of date or another
/// fault was faster.
template <machine::Machine M>
typename AddressSpace<M>::Handled AddressSpace<M>::finish_fault(Vma<M>& vma, std::uint64_t address,
                                                                const Result& found) {
  using Kind = typename Result::Kind;
  using Install = typename UserTable<M>::Install;
  if (found.kind == Kind::sigsegv) return Handled::sigsegv;
  if (found.kind == Kind::sigbus) return Handled::sigbus;
  if (found.kind == Kind::nopage) return Handled::waits;
  M::probe(site::fault_done);
  const Install installed = table_.install(
      address, *found.page, (vma.flags & vma_flag::write) != 0,
      [&] { return vma.owner->may_install(vma, address, *found.page, found.cookie); });
  if (installed == Install::done) return Handled::again;
  pages_->free_pages(found.page, 0);
  if (installed == Install::no_memory) return Handled::sigbus;
  return installed == Install::taken ? Handled::again : Handled::waits;
}

}  // namespace anyctx::page
