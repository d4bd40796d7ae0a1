// anyctx-run of kernel sources: their targets in one process.
#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "fuzzers/kernel/kernel_target.h"
#include "fuzzers/run/run_command.h"
#include "inject/kernel/places.h"

int main(int argc, char** argv) {
  const int exit_code = anyctx::run::run_command(argc, argv, anyctx::target::kernel_targets());
  const std::string_view command = argc > 1 ? argv[1] : "";
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return exit_code;
  }
  // Of the last program.
  if (command == "replay" && exit_code == 77) {
    fmt::print("{}", anyctx::inject::KernelPlaces::describe());
    std::fflush(stdout);
  }
  return exit_code;
}
