// Program file: a program on disk, of any target, as text or binary.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fuzzers/engine/target.h"
#include "fuzzers/ops/inspect.h"

namespace anyctx::engine {

struct ProgramFile {
  const Target* target = nullptr;
  program::FileKind kind = program::FileKind::foreign;  // foreign: raw bytes
  program::Program program;
};

/// The target of that name; null if there is none.
const Target* find(std::span<const Target> targets, std::string_view name);

/// Like find(); throws SetupError if there is none.
const Target& find_or_throw(std::span<const Target> targets, std::string_view name);

/// Reads a program. If `raw_target` is not empty, a file without a header is taken as raw bytes for
/// that target. Throws SetupError.
ProgramFile load_program(std::span<const Target> targets, const std::string& path,
                         std::string_view raw_target);

/// The same from memory; `path` is its name in errors.
ProgramFile parse_program(std::span<const Target> targets, const std::string& path,
                          std::string_view content, std::string_view raw_target);

}  // namespace anyctx::engine
