#include "inject/kernel/places.h"

#include <fmt/format.h>
#include <sanitizer/common_interface_defs.h>

#include <array>
#include <string_view>

namespace anyctx::inject {

thread_local constinit const void* KernelPlaces::last_ = nullptr;

namespace {

/// Wrappers of what is written in assembly.
bool is_wrapper(std::string_view line) {
  return line.find("/linux/atomic/") != line.npos || line.find("/asm/atomic") != line.npos ||
         line.find("/fuzzers/kernel/") != line.npos;
}

/// Of inlined functions the innermost that says something.
std::string line_of(const void* after) {
  std::array<char, 4096> text{};  // lines that end with a zero, the innermost first
  __sanitizer_symbolize_pc(const_cast<char*>(static_cast<const char*>(after) - 1), "%s:%l in %f",
                           text.data(), text.size() - 1);
  std::string_view line = text.data();
  for (const char* next = text.data(); *next != 0; next += line.size() + 1) {
    line = next;
    if (!is_wrapper(line)) return std::string(line);
  }
  return text.data();
}

}  // namespace

std::vector<KernelPlaces::Place>& KernelPlaces::decided() {
  static thread_local std::vector<Place> places;
  return places;
}

void KernelPlaces::clear() {
  last_ = nullptr;
  decided().clear();
}

void KernelPlaces::decide(std::size_t index, const void* after) {
  decided().push_back({index, after});
}

/// Nearly always the last one.
void KernelPlaces::take_back(std::size_t index, const void* after) {
  std::vector<Place>& places = decided();
  for (auto place = places.end(); place != places.begin();) {
    --place;
    if (place->decision != index || place->after != after) continue;
    places.erase(place);
    return;
  }
}

std::string KernelPlaces::describe() {
  if (last_ == nullptr) return {};
  std::string text = "  in the kernel's sources\n";
  for (const Place& place : decided()) {
    text += fmt::format("    decision {:<4} {}\n", place.decision + 1, line_of(place.after));
  }
  return text + fmt::format("    last access   {}\n", line_of(last_));
}

}  // namespace anyctx::inject
