// Sweep place: what a worker runs, in a file that outlives it however it ends.
#pragma once

#include <cstdint>
#include <string>

namespace anyctx::run {

class SweepPlace {
 public:
  /// A unit: while a program is run for the first time.
  static constexpr std::uint64_t kPlanning = 0xffff'ffff;

  /// Three numbers of 64 bits each in a file. Without a path: kept nowhere. Throws
  /// SetupError.
  explicit SweepPlace(const std::string& path);
  ~SweepPlace();
  SweepPlace(const SweepPlace&) = delete;
  SweepPlace& operator=(const SweepPlace&) = delete;

  /// The n-th run of a unit of a program begins.
  void enter(std::uint64_t program, std::uint64_t unit, std::uint64_t n) {
    numbers_[0] = program;
    numbers_[1] = unit;
    numbers_[2] = n;
  }

 private:
  std::uint64_t unmapped_[3] = {};
  volatile std::uint64_t* numbers_ = unmapped_;
};

}  // namespace anyctx::run
