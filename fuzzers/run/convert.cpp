#include "fuzzers/run/convert.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/pins.h"
#include "fuzzers/ops/text.h"

namespace anyctx::run {
namespace {

using engine::load_program;
using engine::ProgramFile;
using engine::save_file;
using engine::SetupError;
using engine::Target;

bool wants_text(const ConvertOptions& options, const ProgramFile& file) {
  return options.to.empty() ? file.kind != program::FileKind::text : options.to == "text";
}

std::string content(const ProgramFile& file, bool as_text) {
  const program::Schema& schema = *file.target->schema;
  if (as_text) return program::to_text(schema, file.program);
  const program::Bytes bytes = program::encode(schema, file.program);
  return {bytes.begin(), bytes.end()};
}

void print(const std::string& text, bool as_text) {
  if (!as_text && ::isatty(STDOUT_FILENO) != 0)
    throw SetupError("a terminal cannot show a binary program; add -o FILE or --to text");
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0)
    throw SetupError("cannot write to standard output; add -o FILE");
}

}  // namespace

void convert(std::span<const Target> targets, const ConvertOptions& options) {
  namespace fs = std::filesystem;
  const bool to_folder = fs::is_directory(options.output);
  if (options.files.size() > 1 && !to_folder)
    throw SetupError("several files need a folder to go to; add -o FOLDER");
  for (const std::string& path : options.files) {
    ProgramFile file = load_program(targets, path, options.raw_target);
    program::Pins pins(*file.target->schema);
    for (const std::string& param : options.params) {
      if (const std::string error = pins.add(param); !error.empty()) throw SetupError(error);
    }
    if (options.no_decisions) pins.without_decisions();
    pins.apply(file.program);
    const bool as_text = wants_text(options, file);
    const std::string converted = content(file, as_text);
    if (options.output.empty()) {
      print(converted, as_text);
      continue;
    }
    const fs::path name = fs::path(path).stem().string() + (as_text ? ".txt" : ".bin");
    const std::string error = save_file(
        to_folder ? fs::path(options.output) / name : fs::path(options.output), converted);
    if (!error.empty()) throw SetupError(error);
  }
}

}  // namespace anyctx::run
