// The two C files of a BPF selftest: the programs, and the process that runs them.
#pragma once

#include <string>
#include <string_view>

#include "triage/export/arena_script.h"

namespace anyctx::triage {

/// What stands before both: what was found, and what shows it; without marks of a comment.
struct BpfTestHead {
  std::string name;   // of the files, the skeleton and the test: an identifier
  std::string about;  // several lines
};

/// progs/NAME.c.
std::string bpf_program_source(const BpfTestHead& head, const ArenaScript& script);
/// prog_tests/NAME.c.
std::string bpf_test_source(const BpfTestHead& head, const ArenaScript& script);

/// With the comment that `head` is.
std::string bpf_source_begin(const BpfTestHead& head);
/// `text` with the value instead of each @WORD@.
std::string filled(std::string text, std::string_view word, std::string_view value);

}  // namespace anyctx::triage
