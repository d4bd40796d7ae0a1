// Files: whole files, and how what concerns them is typed here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace anyctx::triage {

/// Whole or not there. Throws SetupError.
void write_file(const std::filesystem::path& path, const std::string& content);

/// Empty if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A path as short as it can be typed here.
std::string shown(const std::filesystem::path& path);

/// What is typed before a file to run it again; `sanitizer` may be empty.
std::string replay_command(std::string_view sanitizer);

/// Equal contents have equal names.
std::string name_of_content(std::string_view content);

}  // namespace anyctx::triage
