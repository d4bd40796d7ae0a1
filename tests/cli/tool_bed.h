// Tool bed: the tool in a clone of its own, in a temporary folder, whose targets are the tiny ones.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "triage/cli/process.h"

namespace anyctx::triage {

class ToolBed : public ::testing::Test {
 protected:
  using Path = std::filesystem::path;
  using Words = std::vector<std::string>;

  ToolBed() {
    std::string name = std::filesystem::temp_directory_path() / "anyctx-test-XXXXXX";
    root_ = mkdtemp(name.data());
    link(plain() / "tiny-run", runner());
    link(sanitized() / "tiny-run", root_ / "build/fuzz-address/bin/anyctx-run");
    for (const char* target : {"clean", "verdict", "crash", "hang", "idle"}) {
      link(sanitized() / "tiny_fuzzer", fuzzer(target));
    }
  }
  ~ToolBed() override { std::filesystem::remove_all(root_); }

  /// Where this test was built, and the build beside it that has sanitizer and engine.
  static Path plain() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }
  static Path sanitized() { return plain().parent_path().parent_path() / "fuzz-address/bin"; }

  Path runner() const { return root_ / "build/tool/bin/anyctx-run"; }
  Path fuzzer(const std::string& target) const {
    return root_ / "build/fuzz-address/bin" / (target + "_fuzzer");
  }

  void link(const Path& to, const Path& at) {
    std::filesystem::create_directories(at.parent_path());
    std::filesystem::remove(at);
    std::filesystem::create_symlink(to, at);
  }

  std::string write(const Path& name, const std::string& content) {
    const Path path = root_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  static std::string read(const Path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  Command command(const Words& arguments) const {
    Command command{{plain() / "anyctx-tool", "--root", root_}, {}};
    for (const std::string& word : arguments) command.with(word);
    return command;
  }
  Captured tool(const Words& arguments) const { return capture(command(arguments)); }

  /// The command fails with one line of error and nothing else.
  void expect_error(const Words& arguments, const std::string& message) const {
    const Captured result = tool(arguments);
    EXPECT_EQ(result.exit.code, 2) << result.output;
    EXPECT_EQ(result.output, "");
    EXPECT_THAT(result.errors, ::testing::StartsWith("anyctx: "));
    EXPECT_THAT(result.errors, ::testing::HasSubstr(message));
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
  }

  Path root_;
};

inline const std::string kCleanProgram = "anyctx 1 target=clean\ntask0: act()\n       act()\n";

/// Yields a verdict.
inline const std::string kVerdictProgram =
    "anyctx 1 target=verdict\n"
    "task0: act()\n"
    "nmi0:  act()\n"
    "at task0.0 tiny.limit#1: nmi0\n"
    "at nmi0.0 tiny.limit#1: fail\n";

}  // namespace anyctx::triage
