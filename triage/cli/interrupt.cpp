#include "triage/cli/interrupt.h"

#include <signal.h>

namespace anyctx::triage {
namespace {

volatile sig_atomic_t count = 0;

void on_interrupt(int number) {
  count = count + 1;
  if (count == 2) ::signal(number, SIG_DFL);
}

}  // namespace

void count_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: waiting ends
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

int interrupts() {
  return count;
}

}  // namespace anyctx::triage
