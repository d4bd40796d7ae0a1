#include "fuzzers/engine/saved_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace anyctx::engine {
namespace {

/// What a person can do about the errors that happen to people.
std::string advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; make room or write somewhere else";
    case ENOENT:
      return "; check the path";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; check the permissions";
    default:
      return {};
  }
}

std::string problem(std::string_view what, const std::string& path, int error) {
  return fmt::format("cannot {} {}: {}{}", what, path, std::strerror(error), advice(error));
}

/// 0, or the error number.
int write_all(const std::string& path, std::string_view content) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return errno;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  const int write_error = errno;
  if (std::fclose(file) != 0) return errno;
  return written ? 0 : write_error;
}

bool is_special(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

std::string save_file(const std::string& path, std::string_view content) {
  const bool direct = is_special(path);
  const std::string beside = direct ? path : path + ".new";
  if (const int error = write_all(beside, content); error != 0) {
    if (!direct) std::remove(beside.c_str());
    return problem("write", path, error);
  }
  if (!direct && std::rename(beside.c_str(), path.c_str()) != 0)
    return problem("write", path, errno);
  return {};
}

std::string load_file(const std::string& path, std::string& content) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return problem("read", path, errno);
  content.clear();
  char block[64 << 10];
  errno = 0;
  while (const std::size_t size = std::fread(block, 1, sizeof block, file)) {
    content.append(block, size);
  }
  const int error = std::ferror(file) != 0 ? errno : 0;
  std::fclose(file);
  return error == 0 ? std::string() : problem("read", path, error);
}

}  // namespace anyctx::engine
