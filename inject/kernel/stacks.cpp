#include "inject/kernel/stacks.h"

#include <fmt/format.h>
#include <sanitizer/common_interface_defs.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "inject/kernel/machine.h"
#include "inject/sim/fiber.h"

namespace anyctx::inject {

thread_local constinit const void* KernelStacks::last_access_ = nullptr;

namespace {

constexpr std::size_t kMostFrames = 96;  // with all that is ours

/// What a function leaves on its stack if it has a frame pointer.
struct StackFrame {
  const StackFrame* caller;
  const void* return_address;
};

[[gnu::noinline]] std::vector<const void*> returns_on(const Fiber& fiber) {
  std::vector<const void*> returns;
  const auto* frame = static_cast<const StackFrame*>(__builtin_frame_address(0));
  while (fiber.holds(frame) && returns.size() < kMostFrames) {
    returns.push_back(frame->return_address);
    if (frame->caller <= frame) break;
    frame = frame->caller;
  }
  return returns;
}

/// Functions that are inlined into each other at one address, the innermost first.
std::vector<CodePlace> places_before(const void* after) {
  std::array<char, 8192> text{};  // lines that end with a zero
  __sanitizer_symbolize_pc(const_cast<char*>(static_cast<const char*>(after) - 1), "%s|%l|%f",
                           text.data(), text.size() - 1);
  std::vector<CodePlace> places;
  std::string_view line;
  for (const char* next = text.data(); *next != 0; next += line.size() + 1) {
    line = next;
    const std::size_t number = line.find('|');
    const std::size_t function = line.find('|', number + 1);
    if (function == line.npos) continue;
    CodePlace place;
    place.file = std::filesystem::path(line.substr(0, number)).lexically_normal();
    std::from_chars(line.data() + number + 1, line.data() + function, place.line);
    place.function = line.substr(function + 1);
    places.push_back(std::move(place));
  }
  return places;
}

bool is_in(std::string_view folder, std::string_view file) {
  return file.starts_with(folder) && file.substr(folder.size()).starts_with('/');
}

/// Wrappers of what is written in assembly say nothing.
bool is_told(const CodePlace& place) {
  return is_in(anyctx_kernel_tree, place.file) &&
         place.file.find("/linux/atomic/") == std::string::npos &&
         place.file.find("/asm/atomic") == std::string::npos;
}

/// Where an operation, a handler or deferred work begins: what is below was interrupted, or is
/// ours.
bool is_beginning(const CodePlace& place) {
  return place.function.find("run_lane") != std::string::npos ||
         place.function.find("run_line") != std::string::npos;
}

std::vector<CodePlace> kernels(const std::vector<const void*>& returns) {
  std::vector<CodePlace> own;
  for (const void* after : returns) {
    for (CodePlace& place : places_before(after)) {
      if (is_beginning(place)) return own;
      if (is_told(place)) own.push_back(std::move(place));
    }
  }
  return own;
}

void add(std::vector<CodeStack>& stacks, std::string what,
         const std::vector<const void*>& returns) {
  std::vector<CodePlace> places = kernels(returns);
  if (!places.empty()) stacks.push_back({std::move(what), std::move(places)});
}

}  // namespace

void KernelStacks::clear() {
  decisions_.clear();
  verdict_.clear();
  last_access_ = nullptr;
}

void KernelStacks::decided(const Fiber& on) {
  decisions_.push_back(returns_on(on));
}

void KernelStacks::stopped(const Fiber& on) {
  verdict_ = returns_on(on);
}

std::vector<CodeStack> KernelStacks::told() const {
  std::vector<CodeStack> stacks;
  for (std::size_t i = 0; i < decisions_.size(); ++i) {
    add(stacks, fmt::format("decision {}", i + 1), decisions_[i]);
  }
  const std::size_t before = stacks.size();
  add(stacks, "verdict", verdict_);
  if (stacks.size() == before && last_access_ != nullptr)
    add(stacks, "last access", {last_access_});
  return stacks;
}

}  // namespace anyctx::inject
