#include "triage/cli/night_log.h"

#include <fmt/format.h>

#include <thread>

#include "triage/cli/interrupt.h"

namespace anyctx::triage {
namespace {

constexpr std::uintmax_t kRoom = 4 << 20;  // bytes; less is a full disk
constexpr std::chrono::milliseconds kLook{500};

}  // namespace

NightLog::NightLog(const std::filesystem::path& journal, Progress& progress)
    : folder_(journal.parent_path()),
      journal_(journal),
      progress_(progress),
      is_new_(journal_.events().empty()),
      start_(Clock::now()) {
  for (const nlohmann::json& event : journal_.events()) record_.add(event);
  before_ = record_.spent();
}

double NightLog::now() const {
  return before_ + std::chrono::duration<double>(Clock::now() - start_).count();
}

void NightLog::tell(nlohmann::json event) {
  for (;;) {
    event["t"] = now();
    try {
      journal_.append(event);
      break;
    } catch (const SetupError& error) {
      wait_or_give_up(error.what());
    }
  }
  record_.add(event);
}

bool NightLog::has_room() const {
  std::error_code error;
  const auto space = std::filesystem::space(folder_, error);
  return error || space.available >= kRoom;
}

void NightLog::wait_for_room() {
  if (has_room()) return;
  const double begin = now();
  while (!has_room()) {
    wait_or_give_up(
        fmt::format("no room left for {}; make room: everything goes on then", folder_.string()));
  }
  tell({{"event", "remark"},
        {"text", fmt::format("the disk was full: waited {:.0f} s for room", now() - begin)}});
}

void NightLog::wait_or_give_up(const std::string& why) {
  if (interrupts() > 0 || now() > budget_) throw SetupError(why);
  progress_.show(why);
  std::this_thread::sleep_for(kLook);
}

}  // namespace anyctx::triage
