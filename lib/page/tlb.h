// Tlb: what CPUs remember of page tables: a model of hardware.
//
// A CPU may go on using what it once found, until a flush reaches it. What other code may do
// between two instructions happens between two calls: a call takes no step of the machine. Limits:
// a machine whose CPUs are real threads has real TLBs and no use for this one. Hardware has no data
// races: ThreadSanitizer does not look at it.
#pragma once

#include <cstdint>

#include "lib/machine/machine.h"
#include "lib/page/page.h"

namespace anyctx::page {

template <machine::Machine M>
class Tlb {
 public:
  void reset() {
    for (Cpu& cpu : cpus_) cpu = {};
  }

  /// What this CPU remembers of a page, by the address of its start; null if nothing.
  __attribute__((no_sanitize("thread"))) Page<M>* find(unsigned cpu,
                                                       std::uint64_t page_start) const {
    const Cpu& own = cpus_[cpu];
    for (unsigned i = 0; i < own.used; ++i) {
      if (own.entries[i].page_start == page_start) return own.entries[i].page;
    }
    return nullptr;
  }

  /// Remembers a page that it does not remember yet. A CPU that is full forgets its oldest.
  __attribute__((no_sanitize("thread"))) void fill(unsigned cpu, std::uint64_t page_start,
                                                   Page<M>* page) {
    Cpu& own = cpus_[cpu];
    if (own.used < kEntries) {
      own.entries[own.used++] = {page_start, page};
    } else {
      own.entries[own.victim++ % kEntries] = {page_start, page};
    }
  }

  /// Forgets all pages that begin in [from, to).
  __attribute__((no_sanitize("thread"))) void invalidate(unsigned cpu, std::uint64_t from,
                                                         std::uint64_t to) {
    Cpu& own = cpus_[cpu];
    for (unsigned i = 0; i < own.used;) {
      if (own.entries[i].page_start - from < to - from) {
        own.entries[i] = own.entries[--own.used];
      } else {
        ++i;
      }
    }
  }

  /// For oracles: calls `f(cpu, page_start, page)`.
  template <class F>
  void peek_each(F f) const {
    for (unsigned cpu = 0; cpu < M::kMaxCpus; ++cpu) {
      const Cpu& own = cpus_[cpu];
      for (unsigned i = 0; i < own.used; ++i) {
        f(cpu, own.entries[i].page_start, own.entries[i].page);
      }
    }
  }

 private:
  // Few enough to search, many enough that little is forgotten without a flush.
  static constexpr unsigned kEntries = 64;

  struct Entry {
    std::uint64_t page_start = 0;
    Page<M>* page = nullptr;
  };
  struct Cpu {
    unsigned used = 0;
    unsigned victim = 0;
    Entry entries[kEntries];
  };

  Cpu cpus_[M::kMaxCpus];
};

}  // namespace anyctx::page
