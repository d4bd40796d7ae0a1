// Text: programs as people read, write, diff and review them.
//
//   # a comment: from a '#' after white space to the end of the line; not part of the program
//   anyctx 1 target=slab cpus=2 cas2=no
//   task0: a = kmalloc_nolock(96)
//          b = kmalloc_nolock(8192, account)
//   task1: kfree_nolock(a)
//   nmi0:  c = kmalloc_nolock(96, zero|account, node=1)
//   walk rate=64 seed=123                  (or: walk rate=64 bytes=3a7f00)
//   at task0.1 slab.list_lock.trylock#1: fail
//   at nmi0/1.0 page.zone_lock.trylock#2: fail sticky
//
// Only what is not the default is printed. "nmi0/1.0" is operation 0 of nmi0 when it is entered for
// the second time; "/0" is not printed. Every normal program has exactly one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fuzzers/ops/program.h"

namespace anyctx::program {

inline constexpr unsigned kTextVersion = 1;

/// The text of a normal program.
std::string to_text(const Schema& schema, const Program& program);

/// One line each: an operation "a = f(96, zero)", a place "task0.2 slab.list_lock.trylock#1",
/// an action "run task1", a decision "at PLACE: ACTION".
std::string to_text(const Schema& schema, const Op& op);
std::string to_text(const inject::OpRef& where);
std::string to_text(const inject::Action& action);
std::string to_text(const Schema& schema, const inject::Decision& decision);

/// Where a text is not a program. Lines and columns count from 1.
struct TextError {
  unsigned line = 0;
  unsigned column = 0;
  std::string message;
};

/// "line 4: kmalloc_nolok: no such operation of target slab; did you mean kmalloc_nolock?"
std::string to_string(const TextError& error);

struct ParsedText {
  std::optional<Program> program;  // normal
  TextError error;                 // if there is no program
};

/// Reads a program of the schema's target. Nothing is repaired silently: what a program cannot
/// contain is an error, except handlers without operations, which are dropped.
ParsedText parse_text(const Schema& schema, std::string_view text);

/// What the first line that is not a comment says; to find the schema before parsing.
struct TextHeader {
  bool found = false;  // the line begins "anyctx NUMBER"
  unsigned version = 0;
  std::string_view target;  // empty if missing
};
TextHeader text_header(std::string_view text);

/// The name of the target; empty if the text is not a program.
std::string_view target_of_text(std::string_view text);

}  // namespace anyctx::program
