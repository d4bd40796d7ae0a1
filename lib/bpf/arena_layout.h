// ArenaLayout: the address arithmetic of an arena. Pure: no machine, no state that changes.
// Source: Linux 7.3 kernel/bpf/arena.c.
//
// Programs use the low 32 bits of user addresses as offsets from a kernel address, so a window of
// user addresses never crosses a 4 GiB line, and everything but the result of an allocation is
// modulo 2^32. Guards around the 4 GiB absorb the 16-bit displacement of an instruction.
#pragma once

#include <cstdint>

namespace anyctx::bpf {

inline constexpr std::uint64_t kArenaSpan = std::uint64_t{1} << 32;

constexpr std::uint64_t low32(std::uint64_t address) {
  return static_cast<std::uint32_t>(address);
}
constexpr std::uint64_t without_low32(std::uint64_t address) {
  return address & ~std::uint64_t{0xffff'ffff};
}

/// Both guards together.
constexpr std::uint64_t arena_guard(unsigned page_shift) {
  const std::uint64_t unit = std::uint64_t{2} << page_shift;
  return ((std::uint64_t{1} << 16) + unit - 1) / unit * unit;
}
constexpr std::uint64_t arena_area_size(unsigned page_shift) {
  return kArenaSpan + arena_guard(page_shift);
}

/// Some slots of an arena. Slot n is n pages behind the start of the user's window.
struct Slots {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  constexpr std::uint64_t end() const { return first + count; }
  constexpr bool empty() const { return count == 0; }
  constexpr bool contains(std::uint64_t slot) const { return slot - first < count; }
  friend constexpr bool operator==(Slots, Slots) = default;
};

/// User addresses [start, end): both 0 while nobody mapped the arena. start is page aligned.
struct UserWindow {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  constexpr bool known() const { return start != 0; }
  constexpr std::uint64_t size() const { return end - start; }
};

/// True if all addresses have the same upper half, and the range does not end behind 2^64.
constexpr bool shares_high_half(std::uint64_t start, std::uint64_t size) {
  return without_low32(start) == without_low32(start + size - 1);
}

class ArenaLayout {
 public:
  constexpr ArenaLayout() = default;
  constexpr ArenaLayout(std::uint64_t area, unsigned page_shift)
      : kernel_start_(area + arena_guard(page_shift) / 2), page_shift_(page_shift) {}

  constexpr unsigned page_shift() const { return page_shift_; }
  constexpr std::uint64_t page_size() const { return std::uint64_t{1} << page_shift_; }
  constexpr bool is_aligned(std::uint64_t address) const {
    return (address & (page_size() - 1)) == 0;
  }
  constexpr std::uint64_t page_start(std::uint64_t address) const {
    return address & ~(page_size() - 1);
  }

  /// What a program's addresses are relative to.
  constexpr std::uint64_t kernel_start() const { return kernel_start_; }
  /// Where tables exist, and leaves may: the upper guard belongs to it, the lower one does not.
  constexpr std::uint64_t kernel_end() const {
    return kernel_start_ + kArenaSpan + arena_guard(page_shift_) / 2;
  }
  constexpr bool has_kernel(std::uint64_t address) const {
    return address - kernel_start_ < kernel_end() - kernel_start_;
  }
  /// The kernel's address of what the user sees there; the user's upper half does not matter.
  constexpr std::uint64_t kernel_of(std::uint64_t user) const {
    return kernel_start_ + low32(user);
  }
  constexpr std::uint64_t kernel_of_slot(const UserWindow& window, std::uint64_t slot) const {
    return kernel_of(address_of(window, slot));
  }

  constexpr std::uint64_t slots(const UserWindow& window) const {
    return window.size() >> page_shift_;
  }
  /// Of any address; one that is not in the window yields a slot behind it.
  constexpr std::uint64_t slot_of(const UserWindow& window, std::uint64_t user) const {
    return low32(user - low32(window.start)) >> page_shift_;
  }
  /// The user's address of a slot in the window.
  constexpr std::uint64_t address_of(const UserWindow& window, std::uint64_t slot) const {
    return without_low32(window.start) + low32(window.start + (slot << page_shift_));
  }

  /// The slots that a call of free means: the page that contains `pointer` and what follows, as
  /// far as the window reaches; none for an address before the window.
  constexpr Slots to_free(const UserWindow& window, std::uint64_t pointer,
                          std::uint64_t count) const {
    const std::uint64_t from = without_low32(window.start) + low32(page_start(pointer));
    if (from < window.start || from >= window.end) return {};
    const std::uint64_t behind = (window.end - from) >> page_shift_;
    return {(from - window.start) >> page_shift_, count < behind ? count : behind};
  }

 private:
  std::uint64_t kernel_start_ = 0;
  unsigned page_shift_ = 12;
};

}  // namespace anyctx::bpf
