#include "triage/cli/files.h"

#include <fmt/format.h>

#include <fstream>

#include "triage/cli/setup_error.h"
#include "triage/signature/signature.h"

namespace anyctx::triage {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& content) {
  const fs::path beside = path.string() + ".new";
  std::ofstream out(beside, std::ios::binary);
  out << content;
  out.close();
  std::error_code error;
  if (out) fs::rename(beside, path, error);
  if (!out || error) {
    fs::remove(beside, error);
    throw SetupError(
        fmt::format("cannot write {}; make room or write somewhere else", path.string()));
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string shown(const fs::path& path) {
  const fs::path relative = path.lexically_proximate(fs::current_path());
  return relative.string().starts_with("..") ? path.string() : relative.string();
}

std::string replay_command(std::string_view sanitizer) {
  return sanitizer.empty() ? "./anyctx replay"
                           : fmt::format("./anyctx replay --sanitizer {}", sanitizer);
}

std::string name_of_content(std::string_view content) {
  return fmt::format("{}-{}", short_hash(content), content.size());
}

}  // namespace anyctx::triage
