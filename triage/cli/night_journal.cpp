#include "triage/cli/night_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "triage/cli/files.h"

namespace anyctx::triage {

using nlohmann::json;

NightJournal::NightJournal(std::filesystem::path path) : path_(std::move(path)) {
  const std::string content = read_file(path_);
  for (std::size_t at = 0, end; (end = content.find('\n', at)) != content.npos; at = end + 1) {
    json event = json::parse(content.substr(at, end - at), nullptr, false);
    if (!event.is_object())
      throw SetupError(fmt::format("{} is damaged at byte {}; remove it, or choose another --out",
                                   path_.string(), at));
    events_.push_back(std::move(event));
    size_ = static_cast<std::int64_t>(end + 1);
  }
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0 || ::ftruncate(file_, size_) != 0)
    throw SetupError(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
}

NightJournal::~NightJournal() {
  if (file_ >= 0) ::close(file_);
}

void NightJournal::append(const json& event) {
  const std::string line = event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  const auto length = static_cast<ssize_t>(line.size());
  const ssize_t written = ::pwrite(file_, line.data(), line.size(), size_);
  if (written == length && ::fdatasync(file_) == 0) {
    size_ += length;
    return;
  }
  const int error = written >= 0 && written < length ? ENOSPC : errno;
  // Half a line would be taken for the beginning of the next one.
  if (::ftruncate(file_, size_) != 0)
    throw SetupError(fmt::format("cannot write {}: {}", path_.string(), std::strerror(errno)));
  throw SetupError(fmt::format("cannot write {}: {}; make room or choose --out", path_.string(),
                               std::strerror(error)));
}

}  // namespace anyctx::triage
