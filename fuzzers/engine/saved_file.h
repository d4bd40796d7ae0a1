// Saved file: files that are whole or not there, whenever the process or the machine dies.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace anyctx::engine {

/// Writes `content` beside `path` and renames it into place; what is not a regular file (a pipe, a
/// device) is written directly. Returns one line that says what went wrong; empty if nothing did.
std::string save_file(const std::string& path, std::string_view content);

/// Reads a whole file into `content`. Returns like save_file().
std::string load_file(const std::string& path, std::string& content);

}  // namespace anyctx::engine
