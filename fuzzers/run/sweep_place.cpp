#include "fuzzers/run/sweep_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fuzzers/engine/setup_error.h"

namespace anyctx::run {

SweepPlace::SweepPlace(const std::string& path) {
  if (path.empty()) return;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  void* mapped = MAP_FAILED;
  if (file >= 0 && ::ftruncate(file, sizeof unmapped_) == 0)
    mapped = ::mmap(nullptr, sizeof unmapped_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  if (file >= 0) ::close(file);
  if (mapped == MAP_FAILED)
    throw engine::SetupError(fmt::format("cannot write {}: {}", path, std::strerror(error)));
  numbers_ = static_cast<volatile std::uint64_t*>(mapped);
}

SweepPlace::~SweepPlace() {
  if (numbers_ != unmapped_) ::munmap(const_cast<std::uint64_t*>(numbers_), sizeof unmapped_);
}

}  // namespace anyctx::run
