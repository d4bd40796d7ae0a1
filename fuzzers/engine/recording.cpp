#include "fuzzers/engine/recording.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/text.h"

// Sanitizers have it; without one it is null.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace anyctx::engine {
namespace {

std::function<void()> last_will;

void execute_will() {
  if (!last_will) return;
  const auto will =
      std::exchange(last_will, {});  // dying while doing this is not to begin it again
  ::alarm(5);                        // nor to wait for a lock that the dead held
  will();
}

// Where no sanitizer looks after the latter two.
constexpr int kDeadly[] = {SIGABRT, SIGSEGV, SIGBUS};

void handle_deadly(void (*handler)(int)) {
  for (const int number : kDeadly) {
    if (number == SIGABRT || __sanitizer_set_death_callback == nullptr) ::signal(number, handler);
  }
}

/// What happened happens again, without this.
void on_deadly(int) {
  execute_will();
  handle_deadly(SIG_DFL);
}

}  // namespace

std::string recorded_text(const Runner& runner, const RunResult& result) {
  std::string text;
  if (const auto& verdict = result.verdict) {
    text = fmt::format("# {}\n#   expected  {}\n#   found     {}\n", headline(*verdict),
                       verdict->expected, verdict->found);
  }
  return text + program::to_text(*runner.target().schema, runner.recorded());
}

LastWill::LastWill(const Runner& runner, const std::string& path)
    : LastWill([&runner, path] { save_file(path, recorded_text(runner, {})); }) {}

LastWill::LastWill(std::function<void()> will) {
  last_will = std::move(will);
  handle_deadly(on_deadly);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(execute_will);
}

LastWill::~LastWill() {
  last_will = {};
  handle_deadly(SIG_DFL);
}

}  // namespace anyctx::engine
