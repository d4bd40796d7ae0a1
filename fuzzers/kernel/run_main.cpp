// anyctx-run of kernel sources: their targets in one process.
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/run/run_command.h"

int main(int argc, char** argv) {
  return anyctx::run::run_command(argc, argv, anyctx::target::kernel_targets());
}
