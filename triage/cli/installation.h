// Installation: where this clone keeps what the tool starts, and what targets there are.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "triage/cli/process.h"

namespace anyctx::triage {

struct TargetInfo {
  std::string name;
  std::string what;
};

class Installation {
 public:
  /// `root` is the clone; builds are in its folder build/, by preset.
  explicit Installation(std::filesystem::path root) : root_(std::move(root)) {}

  /// For another subject: "ours", or the sources of a kernel, "kernel:NAME", or "kernel" if there
  /// is one only. Throws SetupError if there is no such.
  Installation with_subject(std::string_view subject) const;
  /// The name of the kernel whose sources are the subject; empty: ours is.
  const std::string& kernel() const { return kernel_; }

  const std::filesystem::path& root() const { return root_; }
  /// Where campaigns keep their files unless told otherwise.
  std::filesystem::path work() const {
    return kernel_.empty() ? root_ / "work" : root_ / "work" / ("kernel-" + kernel_);
  }
  /// Programs kept with the project for a target: corpus/TARGET/{seeds,regress}.
  std::filesystem::path corpus(std::string_view target) const { return root_ / "corpus" / target; }

  /// anyctx-run of the plain build, or of the build with a sanitizer.
  Command runner(std::string_view sanitizer = {}) const;
  /// Whether that build is there.
  bool has_runner(std::string_view sanitizer) const;
  /// anyctx-run of the build that counts lines and branches.
  Command counting_runner() const;
  /// The libFuzzer executable of a target.
  Command fuzzer(std::string_view target, std::string_view sanitizer) const;

  /// anyctx-instructions.
  Command instructions() const;
  /// afl-fuzz with our mutator, without its arguments. Throws SetupError if it is not there.
  Command afl() const;
  /// What it fuzzes: the executable of a target.
  std::filesystem::path afl_fuzzer(std::string_view target, std::string_view sanitizer) const;

  /// What is typed before a file to run it again; `sanitizer` may be empty.
  std::string replay_command(std::string_view sanitizer) const;

  /// Throws SetupError if anyctx-run is missing or broken.
  std::vector<TargetInfo> targets() const;

 private:
  std::filesystem::path binary(std::string_view sanitizer, std::string_view name) const;

  std::filesystem::path root_;
  std::string kernel_;
};

/// Throws SetupError if there is no target of that name.
void require_target(const std::vector<TargetInfo>& known, const std::string& name);

}  // namespace anyctx::triage
