#include "fuzzers/engine/program_file.h"

#include <fmt/format.h>

#include "fuzzers/engine/saved_file.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/binary.h"
#include "fuzzers/ops/suggest.h"
#include "fuzzers/ops/text.h"

namespace anyctx::engine {
namespace {

using program::FileKind;
using Bytes = std::span<const std::uint8_t>;

std::string names(std::span<const Target> targets) {
  std::string list;
  for (const Target& target : targets) list += fmt::format(" {}", target.name());
  return list;
}

const Target& target_of_id(std::span<const Target> targets, const std::string& path, unsigned id) {
  for (const Target& target : targets) {
    if (target.schema->id == id) return target;
  }
  throw SetupError(
      fmt::format("{}: for a target with number {}, which this build does not have", path, id));
}

ProgramFile parse(std::span<const Target> targets, const std::string& path, std::string_view text) {
  const std::string_view name = program::target_of_text(text);
  if (name.empty())
    throw SetupError(fmt::format("{}: the first line names no target; add target=NAME, one of{}",
                                 path, names(targets)));
  const Target* target = find(targets, name);
  if (target == nullptr)
    throw SetupError(
        fmt::format("{}: unknown target '{}'; there are{}", path, name, names(targets)));
  program::ParsedText parsed = program::parse_text(*target->schema, text);
  if (!parsed.program)
    throw SetupError(fmt::format("{}:{}:{}: {}", path, parsed.error.line, parsed.error.column,
                                 parsed.error.message));
  return {target, FileKind::text, std::move(*parsed.program)};
}

std::string_view advice(FileKind kind) {
  switch (kind) {
    case FileKind::truncated:
      return "; fetch or write it again";
    case FileKind::newer:
      return "; update this clone";
    default:
      return "; for raw bytes of a fuzzer, add --raw TARGET";
  }
}

}  // namespace

const Target* find(std::span<const Target> targets, std::string_view name) {
  for (const Target& target : targets) {
    if (target.name() == name) return &target;
  }
  return nullptr;
}

const Target& find_or_throw(std::span<const Target> targets, std::string_view name) {
  if (const Target* target = find(targets, name)) return *target;
  program::Suggestion suggestion(name);
  for (const Target& target : targets) suggestion.offer(target.name());
  throw SetupError(
      fmt::format("unknown target '{}'; there are{}{}", name, names(targets), suggestion.clause()));
}

ProgramFile load_program(std::span<const Target> targets, const std::string& path,
                         std::string_view raw_target) {
  std::string content;
  if (const std::string error = load_file(path, content); !error.empty()) throw SetupError(error);
  return parse_program(targets, path, content, raw_target);
}

ProgramFile parse_program(std::span<const Target> targets, const std::string& path,
                          std::string_view content, std::string_view raw_target) {
  const Bytes bytes(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
  const program::Inspection inspection = program::inspect(bytes);
  if (inspection.kind == FileKind::text) return parse(targets, path, content);
  if (inspection.kind == FileKind::binary) {
    const Target& target = target_of_id(targets, path, inspection.schema_id);
    return {&target, FileKind::binary, program::decode(*target.schema, bytes)};
  }
  if (raw_target.empty())
    throw SetupError(fmt::format("{}: {}{}", path, inspection.error, advice(inspection.kind)));
  const Target& target = find_or_throw(targets, raw_target);
  return {&target, FileKind::foreign, program::decode(*target.schema, bytes)};
}

}  // namespace anyctx::engine
