#include "fuzzers/targets/slab_ledger.h"

#include <fmt/format.h>

#include "fuzzers/model/content.h"
#include "lib/machine/check.h"

namespace anyctx::target {

using inject::VerdictKind;

namespace {

// Of memory larger than this only the beginning of each page has content: who writes where he must
// not does not write to the middle of pages only.
constexpr std::size_t kWhollyWritten = 8192;
constexpr std::size_t kWrittenPerPage = 64;

bool is_whole_pages(const SlabObject& object) {
  return object.origin == Origin::large || object.origin == Origin::pages;
}

}  // namespace

/// Calls f(address, bytes) for each part of an object that has content.
template <class F>
void SlabLedger::for_each_part(const SlabObject& object, F f) const {
  auto* const begin = static_cast<std::byte*>(object.address);
  if (object.size <= kWhollyWritten) return f(begin, object.size);
  for (std::size_t at = 0; at < object.size; at += inspector_.page_bytes()) {
    f(begin + at, std::min<std::size_t>(kWrittenPerPage, object.size - at));
  }
}

void SlabLedger::reset() {
  slots_.clear();
  memory_bytes_ = std::size_t{inspector_.page_count()} * inspector_.page_bytes();
  ranges_.reset(memory_bytes_);
  serials_ = 0;
  calls_ = 0;
  whole_pages_ = 0;
  held_ = 0;
}

void SlabLedger::write(const SlabObject& object) const {
  for_each_part(object, [&](std::byte* at, std::size_t bytes) {
    model::fill_content(at, bytes, object.serial);
  });
}

void SlabLedger::count(const SlabObject& object, std::int64_t change) {
  if (is_whole_pages(object)) {
    whole_pages_ += change * (object.usable / inspector_.page_bytes());
  } else {
    held_ += static_cast<std::size_t>(change);
  }
}

void SlabLedger::receive(SlabObject& object) {
  object.serial = ++serials_;
  if (object.origin == Origin::nothing) return;
  if (const auto taken = ranges_.claim(offset(object.address), object.usable)) {
    std::string found = "an address outside of memory";
    if (*taken < memory_bytes_) {
      found = fmt::format("{} meets {}", describe(object), holder_of(object));
    }
    simulation_.stop(VerdictKind::overlap, "memory is handed out to one user at a time",
                     "memory that nobody holds", std::move(found));
  }
  count(object, 1);
  write(object);
}

void SlabLedger::grow(SlabObject& object, std::uint32_t size) {
  object.size = size;
  write(object);
}

void SlabLedger::verify(const SlabObject& object) const {
  if (object.origin == Origin::nothing) return;
  for_each_part(object, [&](const std::byte* at, std::size_t bytes) {
    const auto changed = model::find_changed(at, bytes, object.serial);
    if (!changed) return;
    const auto byte =
        static_cast<std::size_t>(at - static_cast<std::byte*>(object.address)) + *changed;
    std::string expected = fmt::format("byte {} of {} is {:#04x}", byte, describe(object),
                                       model::content_byte(*changed, object.serial));
    simulation_.stop(VerdictKind::content, "only its user writes to memory that is in use",
                     std::move(expected),
                     fmt::format("{:#04x}", std::to_integer<unsigned>(at[*changed])));
  });
}

void SlabLedger::hand_back(const SlabObject& object) {
  if (object.origin == Origin::nothing) return;
  verify(object);
  ANYCTX_CHECK(ranges_.release(offset(object.address), object.usable));
  count(object, -1);
}

std::string SlabLedger::place(const void* address) const {
  const std::size_t at = offset(address);
  return fmt::format("page {} + {}", at / inspector_.page_bytes(), at % inspector_.page_bytes());
}

std::string SlabLedger::describe(const SlabObject& object) const {
  return fmt::format("object #{} ({} of {} bytes at {})", object.serial, object.size, object.usable,
                     place(object.address));
}

std::string SlabLedger::holder_of(const SlabObject& object) const {
  const std::size_t start = offset(object.address);
  std::string holder;
  slots_.for_each([&](const SlabObject& other) {
    if (other.origin == Origin::nothing) return;
    const std::size_t begin = offset(other.address);
    if (begin < start + object.usable && start < begin + other.usable) holder = describe(other);
  });
  return holder.empty() ? "an object that an operation in progress holds" : holder;
}

}  // namespace anyctx::target
