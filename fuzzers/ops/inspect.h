// Inspect: what kind of file this is, before anything is decoded.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace anyctx::program {

enum class FileKind : std::uint8_t {
  foreign,    // not a program
  truncated,  // a binary program whose end is missing
  newer,      // of a version that this build cannot read
  text,
  binary,
};

struct Inspection {
  FileKind kind = FileKind::foreign;
  unsigned version = 0;        // text, binary, newer
  std::uint8_t schema_id = 0;  // binary; a text names its target, see target_of_text()
  std::string error;           // one line; empty for text and binary

  bool is_program() const { return kind == FileKind::text || kind == FileKind::binary; }
};

/// Looks at headers only: a text may still contain errors, which parse_text() explains. A binary
/// program with more bytes than it claims is one: engines append.
Inspection inspect(std::span<const std::uint8_t> bytes);

}  // namespace anyctx::program
