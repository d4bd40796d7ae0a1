// anyctx-run with the tiny targets.
#include "fuzzers/run/run_command.h"
#include "tests/cli/tiny_targets.h"

int main(int argc, char** argv) {
  return anyctx::run::run_command(argc, argv, anyctx::tiny::targets());
}
