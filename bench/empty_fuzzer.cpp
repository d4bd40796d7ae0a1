// What libFuzzer costs by itself: a target that does nothing. Baseline of programs per second, as
// `empty-fuzzer -runs=1000000`.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t*, std::size_t) {
  return 0;
}
