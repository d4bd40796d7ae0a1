// anyctx-run of the small tree: it has a range tree only.
#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/run/run_command.h"

int main(int argc, char** argv) {
  const anyctx::engine::Target targets[] = {anyctx::target::kernel_range_tree_target()};
  return anyctx::run::run_command(argc, argv, targets);
}
