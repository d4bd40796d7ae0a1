#include "fuzzers/engine/recording.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/story.h"
#include "fuzzers/ops/text.h"

// Sanitizers have it; without one it is null.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace anyctx::engine {
namespace {

const Runner* running = nullptr;
std::string will_path;

void execute_will() {
  if (running == nullptr) return;
  const Runner& runner = *running;
  running = nullptr;  // dying while doing this is not to begin it again
  ::alarm(5);         // nor to wait for a lock that the dead held
  save_file(will_path, recorded_text(runner, {}));
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

LastWill::LastWill(const Runner& runner, const std::string& path) {
  running = &runner;
  will_path = path;
  handle_deadly(on_deadly);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(execute_will);
}

LastWill::~LastWill() {
  running = nullptr;
  handle_deadly(SIG_DFL);
}

}  // namespace anyctx::engine
