// Interrupt: Ctrl-C and termination as a question that loops ask.
#pragma once

namespace anyctx::triage {

/// From now on SIGINT and SIGTERM are counted. A third one ends the process at once.
void count_interrupts();

/// How many came.
int interrupts();

}  // namespace anyctx::triage
