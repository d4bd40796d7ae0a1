#include "fuzzers/run/serve.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "fuzzers/engine/program_file.h"
#include "fuzzers/engine/recording.h"
#include "fuzzers/engine/runner.h"
#include "fuzzers/engine/setup_error.h"
#include "fuzzers/ops/text.h"
#include "fuzzers/run/verdict_json.h"

namespace anyctx::run {
namespace {

using engine::LastWill;
using engine::ProgramFile;
using engine::Runner;
using engine::RunResult;
using engine::SetupError;
using engine::Target;

using nlohmann::json;

constexpr std::size_t kMostBytes = 16 << 20;

struct Request {
  bool record = false;
  std::string content;
};

/// None at the end of the input. Throws SetupError.
std::optional<Request> read_request() {
  char line[64];
  if (std::fgets(line, sizeof line, stdin) == nullptr) return std::nullopt;
  char word[16];
  std::size_t size = 0;
  const bool read = std::sscanf(line, "%15s %zu", word, &size) == 2 && size <= kMostBytes;
  const bool record = read && std::strcmp(word, "record") == 0;
  if (!read || (!record && std::strcmp(word, "run") != 0))
    throw SetupError("not a request; write \"run SIZE\" and the program");
  Request request{record, std::string(size, '\0')};
  if (std::fread(request.content.data(), 1, size, stdin) != size)
    throw SetupError("a request without its end");
  return request;
}

class Server {
 public:
  Server(std::span<const Target> targets, const ServeOptions& options)
      : targets_(targets), options_(options) {}

  json answer(const Request& request) {
    try {
      const ProgramFile file =
          engine::parse_program(targets_, "program", request.content, options_.raw_target);
      return run(file, request.record);
    } catch (const SetupError& error) {
      return {{"error", error.what()}};
    }
  }

 private:
  json run(const ProgramFile& file, bool record) {
    std::unique_ptr<Runner>& runner = runners_[file.target->name()];
    if (!runner) runner = std::make_unique<Runner>(*file.target);
    std::optional<LastWill> will;
    if (record && !options_.will.empty()) will.emplace(*runner, options_.will);
    const RunResult result = runner->run(file.program);
    const program::Schema& schema = *file.target->schema;
    json answer = {
        {"target", schema.target},
        {"digest", fmt::format("{:016x}", result.digest)},
        {"verdict", result.verdict ? to_json(schema, file.program, *result.verdict) : json()}};
    if (record) answer["recorded"] = program::to_text(schema, runner->recorded());
    return answer;
  }

  std::span<const Target> targets_;
  const ServeOptions& options_;
  std::map<std::string_view, std::unique_ptr<Runner>> runners_;
};

}  // namespace

int serve(std::span<const Target> targets, const ServeOptions& options) {
  Server server(targets, options);
  while (const std::optional<Request> request = read_request()) {
    const std::string answer = server.answer(*request).dump() + "\n";
    std::fwrite(answer.data(), 1, answer.size(), stdout);
    std::fflush(stdout);
  }
  return engine::kExitClean;
}

}  // namespace anyctx::run
