// anyctx-run: all targets in one process.
#include "fuzzers/run/run_command.h"
#include "fuzzers/targets/registry.h"

int main(int argc, char** argv) {
  return anyctx::run::run_command(argc, argv, anyctx::target::all_targets());
}
