// Corpus files: the programs that a target's corpus holds, for tests that replay them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "fuzzers/ops/program.h"
#include "fuzzers/ops/schema.h"
#include "fuzzers/ops/text.h"

namespace anyctx::test {

/// All files in corpus/<target>/<folder>, by name; none if there is no such folder.
inline std::vector<std::filesystem::path> corpus_files(std::string_view target,
                                                       std::string_view folder) {
  const auto root = std::filesystem::path(ANYCTX_CORPUS) / target / folder;
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::exists(root)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// Fails the test if the file is not a program of the schema.
inline program::Program read_program(const program::Schema& schema,
                                     const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const program::ParsedText parsed = program::parse_text(schema, text.str());
  EXPECT_TRUE(parsed.program) << path << ": " << program::to_string(parsed.error);
  return parsed.program.value_or(program::Program{});
}

}  // namespace anyctx::test
