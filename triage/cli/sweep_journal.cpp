#include "triage/cli/sweep_journal.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "triage/cli/setup_error.h"

namespace anyctx::triage {

using nlohmann::json;

SweepJournal::SweepJournal(std::filesystem::path path, const json& what, SweepResult& result)
    : path_(std::move(path)) {
  std::ifstream in(path_);
  std::string line;
  bool begun = false;
  while (std::getline(in, line)) {
    const json entry = json::parse(line, nullptr, false);
    if (!begun && (!entry.is_object() || entry.value("sweep", json()) != what))
      throw SetupError(fmt::format(
          "{} is of another sweep, or the programs have changed; remove it or choose another --out",
          path_.string()));
    begun = true;
    result.add(entry);  // not the first line, nor one that was cut short
  }
  in.close();
  out_.open(path_, std::ios::app);
  if (begun) append("");  // after a line that was cut short
  if (!begun) append(json{{"sweep", what}}.dump());
}

void SweepJournal::append(const std::string& line) {
  out_ << line << '\n' << std::flush;
  if (!out_)
    throw SetupError(fmt::format("cannot write {}; make room or choose --out", path_.string()));
}

}  // namespace anyctx::triage
