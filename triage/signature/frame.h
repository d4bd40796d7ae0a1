// Frame: one line of a stack that a sanitizer or libFuzzer printed, in a form that the next build
// and the next machine print too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace anyctx::triage {

/// Whose code a frame is.
enum class Owner : std::uint8_t {
  subject,  // what is tested: the system under lib/, or code that belongs to no layer of ours
  target,   // what calls it and judges it
  machine,  // what carries it: the simulation, the engine, atomics, the sanitizer, the C++ library
};

struct Frame {
  std::string function;  // "slab::Sheaf::take": no arguments, templates, return type
  std::string file;      // "lib/slab/sheaf.h": from the top of the clone; else without folders
  Owner owner = Owner::machine;
};

/// Reads "    #3 0x55d1 in anyctx::slab::Sheaf<X>::take(int) /build/lib/slab/sheaf.h:10:55"; the
/// address may be missing. None if the line is not a frame or its function is not known.
std::optional<Frame> parse_frame(std::string_view line);

/// The place of a frame without symbols, "anyctx-run+0x3e0dac"; empty if there is none.
std::string_view module_offset(std::string_view line);

/// A function's name without arguments, templates, clone suffixes and return type.
std::string plain_name(std::string_view function);

}  // namespace anyctx::triage
